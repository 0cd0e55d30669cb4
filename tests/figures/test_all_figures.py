"""One contract for all figures: found by their modules, drawn from their examples."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest

import lib.figures
from lib.figures import theme
from lib.figures.legend import Mark

PARTS = {"theme", "labels", "legend", "interval_marks", "cost_axis", "plane_marks", "plane_names"}
FIGURES = sorted(m.name for m in pkgutil.iter_modules(lib.figures.__path__) if m.name not in PARTS)
HOSTILE = '<b onmouseover="alert(1)">x</b> <a href="http://example.com">y</a> $\\frac{1}{2}$ %{x} **z**'
OURS = re.compile(r"#0000(0[1-9]|1\d|2\d|30)\b|rgba\(0,0,0,0\)")
COLOUR_KEYS = {"color", "fillcolor", "bgcolor", "bordercolor", "gridcolor", "linecolor", "arrowcolor", "shadow"}
TEXT_KEYS = {"text", "hovertext", "ticktext", "name"}
UNIT = r"&#36;|GB|%|parameters|tokens|FLOP|times|points|own unit"


def module(name):
    return importlib.import_module(f"lib.figures.{name}")


def draw(name, **changed):
    m = module(name)
    return getattr(m, name)(**{**m.example(), **changed})


def frames(example):
    return {key: value for key, value in example.items() if isinstance(value, pd.DataFrame)}


def walk(value, key=""):
    """All (key, leaf) pairs of a figure."""
    if isinstance(value, dict):
        for k, v in value.items():
            yield from walk(v, k)
    elif isinstance(value, list):
        for v in value:
            yield from walk(v, key)
    else:
        yield key, value


def spec(figure):
    return json.loads(figure.to_json())


def test_figures_are_found():
    assert {"records", "parameters_tokens", "score_vs_size"} <= set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
class TestEach:
    def test_has_function_note_and_documented_columns(self, name):
        m = module(name)
        function = getattr(m, name)
        assert "Args:" in inspect.getdoc(function)
        note = Path(m.__file__).with_suffix(".md").read_text(encoding="utf-8").strip()
        assert 100 < len(note) < 1500
        for frame in frames(m.example()).values():
            for column in frame.columns:
                assert column in inspect.getdoc(function), column

    def test_axes_say_what_they_show(self, name):
        layout = draw(name).layout
        assert layout.yaxis.title.text
        assert layout.xaxis.title.text or layout.xaxis.type == "date"
        for axis in (layout.xaxis, layout.yaxis):
            if axis.type == "log":
                assert axis.ticktext and len(axis.ticktext) == len(axis.tickvals) >= 2
                assert not any("e+" in word or "e1" in word for word in axis.ticktext)

    def test_every_colour_is_a_role(self, name):
        figure = draw(name)
        for key, leaf in walk(spec(figure)):
            if key in COLOUR_KEYS and isinstance(leaf, str):
                assert OURS.search(leaf), (key, leaf)
        for trace in figure.data:
            for part in ("marker", "line"):
                if part in trace.mode if trace.mode != "markers" else part == "marker":
                    owner = trace[part]
                    assert owner.color is not None or owner.coloraxis, trace
            assert trace.name is None and trace.showlegend is None

    @pytest.mark.parametrize("mode", theme.MODES)
    def test_real_colours_leave_no_placeholder(self, name, mode):
        drawn = theme.real_colours(draw(name), mode)
        assert not re.search(r"#0000[0-4]\d\b", drawn.to_json())
        assert isinstance(drawn, go.Figure)

    def test_is_small(self, name):
        assert len(draw(name).to_json()) < 20_000

    def test_empty_and_single_row_frames_are_drawn(self, name):
        example = module(name).example()
        empty = {key: frame[:0] for key, frame in frames(example).items()}
        assert draw(name, **empty).layout.yaxis.title.text
        first = next(iter(frames(example)))
        assert draw(name, **{first: example[first][:1]}).data

    def test_names_from_outside_stay_text(self, name):
        example = module(name).example()
        hostile = {}
        for key, frame in frames(example).items():
            text = frame.select_dtypes(["object", "string"]).columns.difference(["view", "law"])
            hostile[key] = frame.assign(**dict.fromkeys(text, HOSTILE))
        figure = draw(name, **hostile)
        seen = [str(leaf) for key, leaf in walk(spec(figure)) if key in TEXT_KEYS]
        assert any("onmouseover" in text for text in seen)
        for text in seen:
            rest = re.sub(r"</?b>|<br>|<extra></extra>", "", text)
            assert not set(rest) & set("<>${}"), text

    def test_numbers_on_hover_have_units(self, name):
        texts = [text for trace in draw(name).data if trace.hovertext is not None for text in trace.hovertext]
        assert texts
        for text in texts:
            lines = re.sub(r"^<b>.*?</b>", "", text).split("<br>")
            for line in (re.sub(r"\d{1,2} [A-Z][a-z]{2} \d{4}|measured by .*", "", one) for one in lines):
                assert not re.search(r"\d", line) or re.search(UNIT, line), line
                assert "nan" not in line

    def test_marks_carry_the_id_of_the_model(self, name):
        example = module(name).example()
        known = {m for frame in frames(example).values() if "model" in frame for m in frame["model"]}
        carried = {m for trace in draw(name).data if trace.customdata is not None for m in trace.customdata}
        assert carried == known

    def test_same_input_gives_the_same_figure(self, name):
        assert draw(name).to_json() == draw(name).to_json()

    def test_input_is_left_alone(self, name):
        m = module(name)
        example, before = m.example(), m.example()
        getattr(m, name)(**example)
        for key, frame in frames(before).items():
            pd.testing.assert_frame_equal(example[key], frame)

    def test_legend_has_marks_roles_and_words(self, name):
        m = module(name)
        example = m.example()
        wanted = inspect.signature(m.legend).parameters
        entries = m.legend(**{key: value for key, value in example.items() if key in wanted})
        assert entries
        for mark, words in entries:
            assert isinstance(mark, Mark) and mark.glyph and words
            assert theme.colour(mark.role)


def test_many_points_go_to_webgl():
    example = module("score_vs_size").example()
    many = pd.concat([example["rows"]] * 400, ignore_index=True)
    kinds = {trace.type for trace in draw("score_vs_size", rows=many).data if trace.mode == "markers"}
    assert kinds == {"scattergl"}
    assert {t.type for t in draw("score_vs_size").data} == {"scatter"}


def test_models_without_score_are_hollow_and_not_absent():
    figure = draw("parameters_tokens")
    symbols = {
        m: s
        for t in figure.data
        if t.customdata is not None
        for m, s in zip(t.customdata, t.marker.symbol, strict=True)
    }
    assert symbols == {
        "gpt-3": "circle-x",
        "org/llama-3-8b": "circle",
        "org/mixtral": "diamond",
        "org/tuned": "circle-open-dot",
        "org/small": "circle-open",
    }


def test_records_fill_only_what_is_shown_under_one_protocol():
    figure = draw("records")
    background = theme.colour("background")
    fills = {
        m: c for t in figure.data if t.customdata is not None for m, c in zip(t.customdata, t.marker.color, strict=True)
    }
    assert [m for m, c in fills.items() if c == background] == ["org/qwen2-7b"]
    assert {c for m, c in fills.items() if m in ("org/gopher", "org/chinchilla")} == {theme.colour("pale")}
    words = [note.text.replace("<br>", " ") for note in figure.layout.annotations]
    assert "60% as published, evaluators differ" in words
    assert {"<b>50%</b>", "<b>70%</b>"} <= set(words)


def test_intervals_end_where_the_frame_says():
    example = module("score_vs_size").example()
    lines = [t for t in draw("score_vs_size").data if t.mode == "lines" and t.line.shape is None]
    ends = {round(float(y), 6) for t in lines for y in t.y if y == y}
    rows = example["rows"].dropna(subset=["ci_low"])
    assert ends == {round(v, 6) for v in [*rows["ci_low"], *rows["ci_high"]]}
