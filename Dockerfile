# The dashboard in a container. Built from a plain Python image and this repository, nothing else.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /srv/p4p

COPY requirements.txt ./
RUN python -m venv /opt/venv && /opt/venv/bin/pip install -r requirements.txt
ENV PATH=/opt/venv/bin:$PATH

COPY app.py serve.py LICENSE ./
COPY .streamlit ./.streamlit
COPY lib ./lib
COPY pages ./pages
COPY data ./data

# 1000 is the account that Hugging Face Spaces run as, too.
RUN useradd --create-home --uid 1000 p4p && mkdir -p /var/lib/p4p && chown p4p /var/lib/p4p
USER p4p
ENV P4P_DATA_DIR=/var/lib/p4p
VOLUME /var/lib/p4p

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/livez', timeout=4)"

# A container listens on all of its addresses; without a login the app refuses that unless
# P4P_ALLOW_PUBLIC=1 says that something in front of it decides who gets in (compose.yaml: loopback only).
CMD ["sh", "-c", "python -m lib fill --catalogue && exec python -m streamlit run serve.py --server.address 0.0.0.0 --server.port 8501"]
