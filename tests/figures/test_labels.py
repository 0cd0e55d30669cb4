"""Placing names: none on another, none over the edge, none on a mark where there is room; the same each time."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.figures import labels

HEIGHT = 400.0
shares = st.floats(0, 1)
wanted = st.lists(
    st.builds(labels.Label, shares, shares, st.text("abcdefgh 0123B", min_size=1, max_size=14)), max_size=20
)
clouds = st.lists(st.tuples(shares, shares), max_size=40).map(lambda rows: np.array(rows).reshape(-1, 2))


def box(placed, width):
    """The rectangle of a placed name, worked out apart from the module: left, bottom, right, top."""
    w, h = labels.text_width(placed.label.text), labels.LABEL_SIZE * 1.25
    x, y = placed.label.x * width + placed.dx, placed.label.y * HEIGHT + placed.dy
    left = {"left": x, "center": x - w / 2, "right": x - w}[placed.xanchor]
    bottom = {"bottom": y, "middle": y - h / 2, "top": y - h}[placed.yanchor]
    return left, bottom, left + w, bottom + h


@settings(deadline=None, max_examples=60)
@given(wanted, clouds)
def test_names_keep_clear_of_each_other_and_of_the_edges(names, cloud):
    placed = labels.place(names, cloud, height=HEIGHT)
    assert len(placed) <= labels.MOST
    for width in (labels.WIDE, labels.MIDDLE, labels.PHONE):
        boxes = [box(one, width) for one in placed]
        for i, (left, bottom, right, top) in enumerate(boxes):
            assert left >= -2 and right <= width + 10 and bottom >= -2 and top <= HEIGHT + 4
            for other in boxes[:i]:
                assert left >= other[2] or right <= other[0] or bottom >= other[3] or top <= other[1]


@settings(deadline=None, max_examples=60)
@given(wanted, clouds)
def test_no_name_covers_a_mark_where_it_must_not(names, cloud):
    for strict, widths in (
        (1, (labels.WIDE, labels.MIDDLE)),
        (2, (labels.WIDE, labels.MIDDLE, labels.PHONE)),
    ):
        for one in labels.place(names, cloud, height=HEIGHT, strict=strict):
            for width in widths:
                left, bottom, right, top = box(one, width)
                x, y = cloud[:, 0] * width, cloud[:, 1] * HEIGHT
                assert not np.any((x > left) & (x < right) & (y > bottom) & (y < top))


def test_a_leader_does_not_lead_through_a_crowd():
    """The only free place is beyond a row of marks."""
    mark, text = np.array([[0.5, 0.3]]), "a name that is long"
    row = np.column_stack([np.linspace(0.3, 0.7, 120), np.full(120, 0.42)])
    near = np.random.default_rng(1).uniform([0.2, 0.0], [0.8, 0.42], (900, 2))
    wanted = [labels.Label(0.5, 0.3, text)]
    assert labels.place(wanted, np.concatenate([mark, row, near]), height=HEIGHT, strict=2) == []
    placed = labels.place(wanted, mark, height=HEIGHT, strict=2)
    assert labels._crossed_by_leader(placed[0], (labels.WIDE, HEIGHT), mark) == 0
    far = labels.Placed(wanted[0], 0, 80, "center", "bottom")
    assert labels._crossed_by_leader(far, (labels.WIDE, HEIGHT), np.array([[0.5, 0.4], [0.5, 0.3], [0.6, 0.4]])) == 1


@settings(deadline=None, max_examples=30)
@given(wanted, clouds)
def test_the_same_input_gives_the_same_places(names, cloud):
    assert labels.place(names, cloud, height=HEIGHT) == labels.place(names, cloud, height=HEIGHT)


def test_the_important_name_wins():
    names = [labels.Label(0.5, 0.5, f"name {i}", priority=9 - i) for i in range(9)]
    placed = labels.place(names, np.array([[0.5, 0.5]]), height=HEIGHT, most=1)
    assert [one.label.text for one in placed] == ["name 8"]


def test_a_line_is_not_crossed():
    line = np.array([[0.0, 0.5], [1.0, 0.5]])
    placed = labels.place([labels.Label(0.5, 0.5, "on the line")], np.empty((0, 2)), [line], height=HEIGHT)
    _, bottom, _, top = box(placed[0], labels.WIDE)
    assert bottom >= 0.5 * HEIGHT or top <= 0.5 * HEIGHT


def test_a_far_name_gets_a_leader_and_a_line_none():
    mark = labels.Label(0.5, 0.5, "a")
    near, far = labels.Placed(mark, 8, 0, "left", "middle"), labels.Placed(mark, 0, 40, "center", "bottom")
    of_line = labels.Placed(mark._replace(is_of_line=True), 0, 40, "center", "bottom")
    shown = [note["showarrow"] for note in labels.written([near, far, of_line], [(0, 0)] * 3)]
    assert shown == [False, True, False]


def test_a_name_for_a_line_stands_where_it_is_free():
    path = np.column_stack([np.linspace(0, 1, 50), np.linspace(0, 1, 50)])
    crowd = np.random.default_rng(1).uniform([0, 0], [0.5, 1], (400, 2))
    found = labels.along(path, "the line", crowd, [path], height=HEIGHT)
    assert len(found) == 1 and found[0].x > 0.4
    assert labels.along(np.empty((0, 2)), "nothing", crowd, height=HEIGHT) == []
