"""`cost check` and `cost serve`: numbers of the shipped tables without a filled store, rows and options named."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from lib.cli_cost import CostCommand, cost_commands
from lib.formats import UNKNOWN

MEASURED = Path(__file__).resolve().parents[2] / "data" / "cost" / "measured_inference.csv"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.fixture
def run(empty: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("P4P_DATA_DIR", str(empty))

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["cost", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def rows() -> list[dict[str, str]]:
    with MEASURED.open(newline="") as lines:
        return list(csv.DictReader(lines))


def write(file: Path, table: list[dict[str, str]]) -> str:
    with file.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return str(file)


def test_a_command_is_a_file() -> None:
    found = cost_commands()
    assert {"check", "serve"} <= {one.name for one in found} and all(isinstance(one, CostCommand) for one in found)


def test_the_shipped_measurements_are_scored(run: Any) -> None:
    code, out, _ = run("check", str(MEASURED), "--json")
    told = json.loads(out)
    assert code == 0 and (told["rows"], told["rows_in_file"]) == (818, 871)
    assert told["median_abs_rel_error"] == pytest.approx(0.128, abs=0.001)
    assert told["by_group"]["serving-2025"]["median_abs_rel_error"] <= 0.15
    assert sum(group["rows"] for group in told["by_group"].values()) == 818
    keys = {"rows", "median_abs_rel_error", "p90_abs_rel_error"}
    assert all(keys <= set(group) for group in (told, *told["by_group"].values()))
    assert len(told["left_out"]) == 53 == sum(told["left_out_by_reason"].values())
    first = told["left_out"][0]
    assert first["row_id"] == rows()[first["line"] - 2]["row_id"] and first["reason"].startswith("pipeline parallel")


def test_rows_that_cannot_be_read_are_named_and_the_others_count(run: Any, tmp_path: Path) -> None:
    good = rows()[:6]
    good[1]["value"], good[1]["steady_output_tok_s"] = "fast", ""
    good[2]["model"] = "=HYPERLINK(1)"
    good[3]["batch"] = ""
    file = write(tmp_path / "mine.csv", good)
    with Path(file).open("a") as lines:
        lines.write("m9,too,short\n")
    code, out, _ = run("check", file, "--json")
    told = json.loads(out)
    assert code == 0 and told["rows"] == 3 and told["rows_in_file"] == 7
    assert [row["line"] for row in told["left_out"]] == [3, 4, 5, 8]
    reasons = [row["reason"] for row in told["left_out"]]
    assert "column 'value'" in reasons[0] and "fast" in reasons[0]
    assert reasons[1:] == ["no shape is known of this model", "sequences at once are missing", "3 cells where the header has 32"]  # fmt: skip
    code, out, _ = run("check", file)
    assert "4 rows are not scored" in out and "line 3" in out


@pytest.mark.parametrize("more", [(), ("--held-out",)])
def test_absurd_numbers_are_named_not_scored(run: Any, tmp_path: Path, more: tuple[str, ...]) -> None:
    good = [row for row in rows() if row["kind"] == "serving"][:12]
    good[0]["batch"], good[1]["isl_assumed"] = "1e308", "1e300"
    good[2]["bits_per_weight"] = "1e308"
    told = json.loads(run("check", write(tmp_path / "absurd.csv", good), "--json", *more)[1])
    assert told["rows"] + len(told["left_out"]) == 12 and told["median_abs_rel_error"] < 0.5
    assert {row["reason"] for row in told["left_out"]} == {"numbers so far out of range that no rate follows from them"}


def test_a_few_columns_are_enough_and_others_do_no_harm(run: Any, tmp_path: Path) -> None:
    kept = ("model", "hardware", "kind", "value", "isl", "isl_assumed", "osl", "batch", "weight_format", "n_gpus", "tp", "date", "engine", "steady_output_tok_s")  # fmt: skip
    full = [row for row in rows() if row["kind"] == "serving" and row["pp"] == "1" and row["ep"] == "1"][:40]
    scores = []
    for table in (full, [{**{key: row[key] for key in kept}, "mine": "x"} for row in full]):
        _, out, _ = run("check", write(tmp_path / "few.csv", table), "--json")
        scores.append(json.loads(out)["median_abs_rel_error"])
    assert scores[0] == pytest.approx(scores[1])


def test_the_error_is_that_of_the_estimate(run: Any, tmp_path: Path) -> None:
    row = rows()[0]
    _, out, _ = run("check", write(tmp_path / "a.csv", [row]), "--json")
    signed = json.loads(out)["median_abs_rel_error"]
    row["steady_output_tok_s"] = str(float(row["steady_output_tok_s"]) * 100)
    _, out, _ = run("check", write(tmp_path / "b.csv", [row]), "--json")
    assert json.loads(out)["median_abs_rel_error"] == pytest.approx(0.99, abs=0.01) and signed < 0.5


def test_a_file_without_a_row_to_score(run: Any, tmp_path: Path) -> None:
    bad = {**rows()[0], "model": "x"}
    code, out, _ = run("check", write(tmp_path / "none.csv", [bad]), "--json")
    told = json.loads(out)
    assert code == 1 and told["rows"] == 0 and told["median_abs_rel_error"] is None and told["by_group"] == {}
    code, _, err = run("check", str(tmp_path / "no such.csv"))
    assert code == 2 and "cannot be read" in err
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    code, _, err = run("check", str(other))
    assert code == 1 and "needs a column 'model'" in err


def test_held_out_is_fitted_without_the_model(run: Any, tmp_path: Path) -> None:
    file = write(tmp_path / "some.csv", [row for row in rows() if row["engine"] == "vLLM 0.5"])
    found = [json.loads(run("check", file, "--json", *more)[1]) for more in ((), ("--held-out",))]
    assert found[1]["held_out"] and found[0]["median_abs_rel_error"] < found[1]["median_abs_rel_error"] < 0.12


def test_serving_in_numbers(run: Any) -> None:
    code, out, _ = run("serve", "llama-3.1-8b", "--hardware", "h100-sxm", "--batch", "64", "--price-per-hour", "2.95", "--zone", "usa", "--json")  # fmt: skip
    told = json.loads(out)
    assert code == 0 and told["kind"] == "estimated" and told["measured"] is None
    usd = told["usd_per_mtok"]
    assert [usd[key]["value"] for key in ("input", "output", "blended")] == pytest.approx([0.025, 0.181, 0.064], abs=0.0006)  # fmt: skip
    assert usd["output"]["low"] < usd["output"]["value"] < usd["output"]["high"] and told["band"]["level"] == 0.8
    assert told["memory"]["weights_gb"] == pytest.approx(16.06, abs=0.01) and told["memory"]["largest_batch"] == 414
    assert told["step_ms"]["step"] == pytest.approx(14.14, abs=0.01)
    energy = told["energy"]
    assert energy["g_co2e_per_mtok"]["value"] == pytest.approx(energy["kwh_per_mtok"]["value"] * 384.4, rel=1e-3)
    assert energy["grid"]["zone"] == "USA" and "United States (EcoLogits" in energy["grid"]["told"]
    own = json.loads(run("serve", "llama-3.1-8b", "--hardware", "h100-sxm", "--zone", "usa", "--carbon", "0.05", "--json")[1])["energy"]  # fmt: skip
    assert own["g_co2e_per_mtok"]["value"] == pytest.approx(own["kwh_per_mtok"]["value"] * 50)
    assert own["grid"] == {"zone": "", "told": "0.05 kg CO2e per kWh, your own number"}
    world = json.loads(run("serve", "llama-3.1-8b", "--hardware", "h100-sxm", "--json")[1])["energy"]
    assert world["g_co2e_per_mtok"]["value"] == pytest.approx(world["kwh_per_mtok"]["value"] * 458.3, rel=1e-3)


def test_a_third_of_the_time_costs_more_in_words(run: Any) -> None:
    code, out, _ = run("serve", "llama-3.1-70b", "--hardware", "h100-sxm", "--format", "FP8", "--tp", "auto", "--utilisation", "0.3")  # fmt: skip
    assert code == 0 and "FP8, on 2 x h100-sxm" in out and "estimated; the range holds 80%" in out


def test_without_a_rate_it_is_a_dash(run: Any) -> None:
    code, out, _ = run("serve", "llama-3.2-3b", "--hardware", "apple-m4", "--format", "gguf-q4_k_m", "--profile", "single-stream")  # fmt: skip
    assert code == 0 and "no matrix rate is published" in out
    line = next(line for line in out.splitlines() if line.startswith("USD per million tokens in"))
    assert line.split()[-3:] == [UNKNOWN] * 3
    _, out, _ = run("serve", "llama-3.2-3b", "--hardware", "apple-m4", "--format", "gguf-q4_k_m", "--profile", "single-stream", "--json")  # fmt: skip
    told = json.loads(out)
    assert told["prefill_tokens_per_s"]["value"] is None and told["usd_per_mtok"]["input"]["value"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--hardware", "abacus"), "--hardware"),
        (("--hardware", "h100-sxm", "--format", "q4"), "--format"),
        (("--hardware", "h100-sxm", "--batch", "0"), "--batch"),
        (("--hardware", "h100-sxm", "--batch", "1000"), "at most 414 at once"),
        (("--hardware", "rtx-3070"), "the weights do not fit at --tp"),
        (("--hardware", "h100-sxm", "--price-per-hour", "-3"), "--price-per-hour"),
        (("--hardware", "h100-sxm", "--price-per-hour", "nan"), "--price-per-hour"),
        (("--hardware", "h100-sxm", "--utilisation", "30"), "--utilisation"),
        (("--hardware", "h100-sxm", "--input-tokens", "0"), "--input-tokens"),
        (("--hardware", "h100-sxm", "--tp", "-2"), "--tp"),
        (("--hardware", "h100-sxm", "--zone", "Atlantis"), "--zone"),
        (("--hardware", "h100-sxm", "--carbon", "50 g"), "--carbon"),
    ],
)
def test_wrong_use_is_named_by_its_option(run: Any, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = run("serve", "llama-3.1-8b", *arguments, "--json")
    assert code == 2 and said in err and not out


def test_an_unknown_model_gets_near_names(run: Any) -> None:
    code, _, err = run("serve", "lama-3.1-8b", "--hardware", "h100-sxm")
    assert code == 1 and "near: llama-3.1-8b" in err
