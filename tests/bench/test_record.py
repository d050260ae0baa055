import getpass
import json
import platform
from pathlib import Path

import pytest
from matplotlib.image import imread

from elmjax.bench.machine import machine_slug
from elmjax.bench.physics import make_record
from elmjax.bench.plot import plot_record
from elmjax.bench.record import KEYS, read_record, write_record


@pytest.fixture(scope="module")
def record(plan, peaks, rows, scaled):
    return make_record(plan, peaks, rows=rows, scaling=scaled, comparisons=[])


def test_a_record_round_trips(record, tmp_path):
    path = tmp_path / "here" / "physics.json"
    write_record(record, path)
    assert read_record(path) == record
    assert [each.name for each in path.parent.iterdir()] == ["physics.json"]


def test_a_record_says_what_ran_where(record, plan):
    assert set(KEYS) < set(record)
    assert record["command"] == (
        "elmjax bench physics --backend xla --buckets 16x32,32x64 --batches 3,1 "
        "--terrains flat,mixed --seconds 0.05 --repeats 2"
    )
    assert set(record["versions"]) == {"python", "elmjax", "jax", "jaxlib", "numpy"}
    assert record["versions"]["python"] == platform.python_version()
    assert record["machine"]["cores"] >= 1
    assert record["machine"]["memory_bytes"] > 2**28
    assert record["commit"] is None or len(record["commit"].rstrip("+")) == 40
    assert record["date"].endswith("+00:00")
    assert record["peak_resident_bytes"] == max(
        row["peak_resident_bytes"] for row in record["rows"] + record["scaling"]
    )


def test_a_record_names_no_host_no_user_and_no_path(record):
    text = json.dumps(record)
    assert str(Path(__file__).parents[2]) not in text
    assert str(Path.home()) not in text
    words = {word.strip('"{}[],:') for word in text.split()}
    assert not {platform.node(), getpass.getuser()} & words


def test_a_file_that_is_no_record_is_refused(tmp_path):
    path = tmp_path / "physics.json"
    path.write_text('{"rows": []}')
    with pytest.raises(ValueError, match="no benchmark, date"):
        read_record(path)


@pytest.mark.parametrize(
    ("machine", "slug"),
    [
        ({"platform": "cpu", "cpu": "AMD EPYC 9B14 96-Core Processor"}, "amd-epyc-9b14"),
        (
            {"platform": "cpu", "cpu": "Intel(R) Xeon(R) CPU @ 2.20GHz"},
            "intel-xeon",
        ),
        ({"platform": "gpu", "device": "NVIDIA H200", "devices": 1}, "nvidia-h200-x1"),
    ],
)
def test_slugs(machine, slug):
    assert machine_slug({"cores": 2, **machine}) == f"{slug}-2cores"


def test_the_plot_has_a_panel_a_terrain_and_a_line_a_bucket(record, tmp_path):
    rival = {"bucket": "16x32", "terrain": "mixed", "box2d": 50.0}
    path = tmp_path / "physics.png"
    figure = plot_record({**record, "comparisons": [rival]}, path)
    assert [axes.get_title() for axes in figure.axes] == ["flat", "mixed"]
    for axes, lines in zip(figure.axes, (2, 3), strict=True):
        assert len(axes.lines) == lines
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    drawn = dict(zip(*figure.axes[0].lines[0].get_data(), strict=True))
    for row in record["rows"]:
        if (row["bucket"], row["terrain"]) == ("16x32", "flat"):
            assert drawn[row["batch"]] == row["evaluations_per_second"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "16x32 xla",
        "32x64 xla",
        "16x32 Box2D, one core",
    ]
    assert imread(path).shape[0] > 300
