"""Prices on a model's page: what hosts ask, what it and its quality cost over time, and what the reader pays himself."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lib import formats
from lib.errors import RefusedInput
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.model_prices import SERVED_VARIANT, prices_of
from lib.store.own_prices import OWN, own_prices, remove_price, set_price
from lib.ui import cached, controls, data_stored, page
from lib.ui.parts_model import TALL, height
from lib.ui.views import model_beside, price_history
from lib.ui.views.price_history import HistoryView

SAID, REFUSED = "price-said", "price-refused"


def prices(chosen: str) -> None:
    """What providers ask for it; nothing where no price is known and none can be entered."""
    known = cached.stored(prices_of, model=chosen)
    if known.empty and not data_stored.is_local():
        return
    page.part("Prices")
    if known.empty:
        page.say("No price list that was kept has a name that is known to mean this model.")
    else:
        table, traces = model_beside.price_table(known, cached.today())
        page.say("List prices in US dollars per million tokens, as price lists had them on the days named.")
        page.table(
            table,
            key="model-prices",
            alt="Prices by provider",
            labels=model_beside.PRICE_LABELS,
            traces=traces,
            height=height(table, TALL),
        )
        _variants(chosen)
        _history(chosen)
    if data_stored.is_local():
        _own(chosen)


def _variants(chosen: str) -> None:
    """Faster or quantised ways to serve it, apart: they are not its price."""
    known = cached.stored(prices_of, model=chosen, kind=SERVED_VARIANT)
    if known.empty:
        return
    with st.expander(f"Served quantised or faster ({formats.count(len(known))}): not its price"):
        table, traces = model_beside.price_table(known, cached.today())
        page.table(
            table,
            key="model-served",
            alt="Prices of variants that hosts serve",
            labels=model_beside.PRICE_LABELS,
            traces=traces,
            height=height(table, TALL),
        )


def _history(chosen: str) -> None:
    """What it and its quality cost over time."""
    options = cached.made(price_history.benchmark_options, model=chosen)
    said = st.container()
    benchmark = controls.choice("costof", "What will do, measured on", options) if options else ""
    view = cached.made(_history_view, model=chosen, benchmark=benchmark, today=cached.today())
    if view.figure is None:
        return
    with said:
        page.say(page.markdown(view.said))
    page.figure(view.figure, key="model-price-history", alt=view.alt)
    page.legend(view.legend, view.coverage)
    page.explain("price_history")
    with st.expander(f"The {formats.counted(len(view.table), 'step')} as a table"):
        page.table(
            view.table,
            key="model-price-steps",
            alt="Prices over time",
            labels=price_history.LABELS,
            traces=view.traces,
            height=height(view.table, TALL),
        )


def _history_view(frames: Frames, *, model: str, benchmark: str, today: str) -> HistoryView:
    held = cached.stored(price_history.held, today=today)
    if benchmark:
        priced = frozenset(map(str, held["model"].unique()))
        good = price_history.good_enough(frames, model=model, benchmark=benchmark, priced=priced)
    else:
        good = price_history.Good((model,), 0, "", "", "")
    return price_history.history_view(frames, held, good, model=model, today=today)


def _own(chosen: str) -> None:
    """What the reader pays himself: a form, and what was entered with a way back."""
    for key, tell in ((SAID, st.success), (REFUSED, st.error)):
        told = st.session_state.pop(key, None)
        if told:
            tell(formats.markdown(told, 300))
    own = cached.stored(own_prices)
    mine = own[(own["model"] == chosen).to_numpy(bool)].to_dict("records")
    for n, row in enumerate(mine):
        with st.container(horizontal=True, vertical_alignment="center"):
            read, written = (formats.usd(row[f"{name}_usd_per_mtok"]) for name in ("input", "output"))
            told = f"{row['provider']}: {read} in, {written} out, entered {formats.date(row['entered_on'])}"
            page.say(f"Your own price counts in place of the listed ones. {formats.markdown(told)}")
            st.button(
                "Take it back",
                key=f"price-undo-{n}",
                icon=":material/undo:",
                type="tertiary",
                on_click=_remove,
                args=(chosen, str(row["provider"])),
            )
    with st.expander("Enter what it costs you"), st.form("own-price", border=False):
        places = st.columns(4, vertical_alignment="bottom")
        usual: Any = {"min_value": 0.0, "value": None, "format": "%g", "placeholder": "USD"}
        places[0].number_input("Input, per million tokens", key="price-in", **usual)
        places[1].number_input("Output, per million tokens", key="price-out", **usual)
        places[2].number_input("Cached input, if known", key="price-cached", **usual)
        places[3].text_input("Host", key="price-host", max_chars=80, placeholder=OWN)
        st.form_submit_button("Use this price", on_click=_enter, args=(chosen,))
        page.small_text("It stays on this installation, survives updates, and can be taken back.")


def _enter(chosen: str) -> None:
    """In a callback, before the page is drawn, so that the page shows the store after it."""
    state = st.session_state
    if state["price-in"] is None or state["price-out"] is None:
        state[REFUSED] = "A price needs both: for a million tokens read, and for a million written."
        return
    try:
        set_price(
            _store(),
            chosen,
            float(state["price-in"]),
            float(state["price-out"]),
            entered_on=cached.today(),
            usd_cached_in_per_mtok=None if state["price-cached"] is None else float(state["price-cached"]),
            host=state["price-host"] or OWN,
        )
    except RefusedInput as refused:
        state[REFUSED] = str(refused)
        return
    state[SAID] = "Your price counts from now on, wherever this model is priced."


def _remove(chosen: str, host: str) -> None:
    try:
        remove_price(_store(), chosen, host)
    except RefusedInput as refused:
        st.session_state[REFUSED] = str(refused)
        return
    st.session_state[SAID] = "Taken back: listed prices count again."


def _store() -> Store:
    return cached.store()
