"""How far is this evaluation, and what came of it? One job: progress, scores, estimate, log, events, what was asked."""

import streamlit as st

from lib.ui import page, parts_job

asked = str(st.query_params.get("job", "")).strip().lower()

looked = parts_job.found(asked)
if looked is None:
    st.stop()
page.heading(looked.view.question)

parts_job.standing(looked)
parts_job.scores(looked.view)
parts_job.estimate(looked.job)
parts_job.log(looked)
parts_job.events(looked.job.id)
parts_job.asked_for(looked.job)
