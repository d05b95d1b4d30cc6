"""Labels never overlap, never leave their area, and are never silently lost."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.figures.labels import Box, Label, around, stacked

AREA = Box(0.0, 0.0, 400.0, 300.0)
LABELS = st.lists(
    st.builds(Label, st.floats(0, 400), st.floats(0, 300), st.floats(10, 150), st.floats(8, 30)), max_size=30
)


def assert_legible(boxes: list[Box | None], area: Box) -> None:
    placed = [box for box in boxes if box is not None]
    assert not any(one.overlaps(other) for one, other in combinations(placed, 2))
    slack = Box(area.left - 1e-6, area.bottom - 1e-6, area.right + 1e-6, area.top + 1e-6)
    assert all(slack.holds(box) for box in placed)


@settings(max_examples=50)
@given(LABELS)
def test_labels_around_points_overlap_neither_each_other_nor_the_points(labels: list[Label]) -> None:
    points = [Box(label.x - 3, label.y - 3, label.x + 3, label.y + 3) for label in labels]
    boxes = around(labels, AREA, points, [])
    assert len(boxes) == len(labels)
    assert_legible(boxes, AREA)
    assert not any(box.overlaps(point) for box in boxes if box is not None for point in points)


@settings(max_examples=50)
@given(LABELS)
def test_stacked_labels_do_not_overlap(labels: list[Label]) -> None:
    boxes = stacked(labels, AREA)
    assert len(boxes) == len(labels)
    assert_legible([box and Box(box.left, box.bottom + 1e-9, box.right, box.top - 1e-9) for box in boxes], AREA)


def test_a_lone_label_stands_beside_its_point() -> None:
    assert around([Label(50.0, 50.0, 40.0, 10.0)], AREA, [], []) == [Box(58.0, 45.0, 98.0, 55.0)]


def test_a_line_is_covered_only_where_there_is_no_other_place() -> None:
    label = Label(50.0, 50.0, 40.0, 10.0)
    assert around([label], AREA, [], [Box(60.0, 0.0, 61.0, 300.0)]) == [Box(2.0, 45.0, 42.0, 55.0)]
    assert around([label], AREA, [], [AREA]) == [Box(58.0, 45.0, 98.0, 55.0)]


def test_stacked_labels_keep_their_height_where_there_is_room() -> None:
    labels = [Label(0.0, 200.0, 40.0, 10.0), Label(0.0, 100.0, 40.0, 10.0)]
    assert stacked(labels, AREA) == [Box(0.0, 195.0, 40.0, 205.0), Box(0.0, 95.0, 40.0, 105.0)]


def test_labels_without_room_are_reported_as_none_last_ones_first() -> None:
    labels = [Label(0.0, 150.0, 40.0, 100.0) for _ in range(4)]
    assert [box is None for box in stacked(labels, AREA)] == [False, False, False, True]
