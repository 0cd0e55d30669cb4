"""The only Streamlit in lib: cached reads, controls, parts of a page, downloads."""
