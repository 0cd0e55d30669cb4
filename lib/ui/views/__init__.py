"""From frames and plain choices to everything a page shows; made once per revision and choice, no Streamlit inside."""
