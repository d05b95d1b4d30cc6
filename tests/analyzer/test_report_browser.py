"""The report in a real browser: headless Chromium, driven over its debugging pipe, without a network."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders import call, rollout, run, tables

from analyzer.audit import audit
from analyzer.report.render import render
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip
ON_PIPES = """
import fcntl, os, sys
ours = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
for pipe, place in zip(ours, (3, 4)):
    os.dup2(pipe, place)
os.execv(sys.argv[3], sys.argv[3:])
"""
OVERLAPS = """
[...document.querySelectorAll("figure svg")].flatMap((svg) => {
  const boxes = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
  return boxes.flatMap(([one, a], at) => boxes.slice(at + 1).filter(([other, b]) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4
  ).map(([other]) => `${one} / ${other}`));
})
"""
OUTSIDE = """
[...document.querySelectorAll("figure svg")].flatMap((svg) => {
  const sheet = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter((text) => {
    const box = text.getBoundingClientRect();
    return box.left < sheet.left - 1 || box.right > sheet.right + 1 || box.bottom > sheet.bottom + 1;
  }).map((text) => text.textContent);
})
"""
CONTRAST = """
(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (colour) => { const [r, g, b] = parts(colour); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const paper = getComputedStyle(document.querySelector("figure")).backgroundColor;
  const ratio = (colour) => {
    const [a, b] = [light(colour), light(paper)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const texts = [...document.querySelectorAll("figure svg text")].map((text) => getComputedStyle(text).fill);
  const marks = [...document.querySelectorAll("figure .line, figure .marker")];
  const lines = marks.map((mark) => getComputedStyle(mark).stroke);
  return {texts: Math.min(...texts.map(ratio)), lines: Math.min(...lines.map(ratio))};
})()
"""


class Browser:
    """Chromium behind two pipes that carry JSON, each message ended by a zero byte."""

    def __init__(self, process: subprocess.Popen[bytes], commands: int, answers: int) -> None:
        self.process, self.commands, self.answers = process, commands, answers
        self.events: list[dict[str, Any]] = []
        self.session: str | None = None
        self._rest, self._number = b"", 0

    def tell(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result; events on the way are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        message |= {"sessionId": self.session} if self.session else {}
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self.events.append(answer)

    def wait(self, method: str) -> None:
        """Read on until an event of this name has come."""
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._next())

    def ask(self, expression: str) -> Any:
        """Value of a JavaScript expression in the page."""
        answer = self.tell("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def look_at(self, page: Path, width: int, *, is_dark: bool = False) -> None:
        """Open a page in a fresh tab of this width and colour scheme."""
        self.session, self.events = None, []
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.tell(f"{domain}.enable")
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.tell("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.tell("Emulation.setEmulatedMedia", features=[scheme])
        self.tell("Page.navigate", url=page.as_uri())
        self.wait("Page.loadEventFired")

    def complaints(self) -> list[dict[str, Any]]:
        """Everything the page logged, threw or had refused."""
        loud = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Network.loadingFailed")
        return [event for event in self.events if event.get("method") in loud]

    def requests(self) -> list[str]:
        """Addresses the page asked for."""
        sent = (event for event in self.events if event.get("method") == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in sent]

    def screenshot(self, path: Path) -> None:
        """Write the whole page as PNG."""
        shot = self.tell("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            chunk = os.read(self.answers, 1 << 16)
            assert chunk, "the browser ended"
            self._rest += chunk
        message, self._rest = self._rest.split(b"\0", 1)
        return dict(json.loads(message))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    profile = tmp_path_factory.mktemp("profile")
    its_in, our_out = os.pipe()
    our_in, its_out = os.pipe()
    command = [sys.executable, "-c", ON_PIPES, str(its_in), str(its_out), CHROMIUM, *FLAGS]
    process = subprocess.Popen(
        [*command, f"--user-data-dir={profile}"], pass_fds=(its_in, its_out), stderr=subprocess.DEVNULL
    )
    os.close(its_in)
    os.close(its_out)
    browser = Browser(process, our_out, our_in)
    yield browser
    browser.session = None
    browser.tell("Browser.close")
    process.wait(timeout=30)
    os.close(our_out)
    os.close(our_in)


def content(n_agents: int = 9) -> dict[str, pl.DataFrame]:
    """Two benchmarks, long names, unknown tokens and prices: everything that can push a page out of shape."""
    runs, rollouts, calls = [], [], []
    for number in range(n_agents):
        owned = {"run_id": f"run-{number}", "benchmark": f"bench-{number % 2}"}
        agent = f"scaffold-with-a-long-name 1.15 + provider/model-name-2026-01-15 (effort {number})"
        runs.append(run(**owned, agent=agent, score_min=0.0, score_max=1.0))
        for task in range(4):
            attempt = rollout(
                **owned, task_id=f"t{task}", score=float(task <= number / 3), wall_s=30.0 * (task + number + 1)
            )
            rollouts.append({**attempt, "time_basis": "measured"})
            calls += [
                call(
                    run_id=owned["run_id"],
                    rollout_id=attempt["rollout_id"],
                    call_index=index,
                    provider="openai",
                    model="gpt-4.1" if number else "no-such-model",
                    uncached_input_tokens=4000 * (number + 1) * (task + 1),
                    output_tokens=None if number == 1 else 200 * (task + 1),
                )
                for index in range(3)
            ]
    return reprice_tables(tables(runs, rollouts, calls))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    priced = content()
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(priced, {"scenario": Scenario().manifest()}, audit(priced)), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("is_dark", [False, True])
def test_the_page_fits_its_window_and_no_chart_text_overlaps(
    browser: Browser, page: Path, width: int, *, is_dark: bool
) -> None:
    browser.look_at(page, width, is_dark=is_dark)
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert browser.ask("document.querySelectorAll('figure svg').length") == 12
    assert browser.ask(OVERLAPS) == []
    assert browser.ask(OUTSIDE) == []


def test_the_page_asks_for_nothing_but_itself_and_logs_nothing(browser: Browser, page: Path) -> None:
    browser.look_at(page, 1280)
    assert [address for address in browser.requests() if not address.startswith("data:")] == [page.as_uri()]
    assert browser.complaints() == []


@pytest.mark.parametrize("is_dark", [False, True])
def test_charts_can_be_read_in_both_themes(browser: Browser, page: Path, *, is_dark: bool) -> None:
    browser.look_at(page, 1280, is_dark=is_dark)
    contrast = browser.ask(CONTRAST)
    assert contrast["texts"] >= 4.5
    assert contrast["lines"] >= 3
    background = browser.ask("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(20, 23, 27)") is is_dark


def test_chart_text_is_large_enough_on_a_phone(browser: Browser, page: Path) -> None:
    browser.look_at(page, 360)
    texts = "[...document.querySelectorAll('figure svg text')]"
    heights = browser.ask(f"{texts}.map((text) => text.getBoundingClientRect().height)")
    assert min(heights) >= 10


def test_every_section_is_shown_and_wide_tables_scroll_on_their_own(browser: Browser, page: Path) -> None:
    browser.look_at(page, 360)
    tall = "[...document.querySelectorAll('main > section')].filter((section) => section.offsetHeight > 60)"
    shown = browser.ask(f"{tall}.map((section) => section.id)")
    names = ["runs", "curves", "cards", "costs", "audit", "unknown", "rejects", "assumed", "reproduce"]
    assert shown == names
    assert browser.ask("[...document.querySelectorAll('table')].every((t) => t.closest('.scroll'))")


def test_a_click_on_a_header_sorts_within_each_benchmark(browser: Browser, page: Path) -> None:
    browser.look_at(page, 1280)
    browser.ask("document.querySelector('#runs thead th:nth-child(7) button').click()")
    column = "(body) => [...body.querySelectorAll('td:nth-child(7)')].map((cell) => Number(cell.dataset.sort))"
    bodies = browser.ask(f"[...document.querySelectorAll('#runs tbody')].map({column})")
    assert len(bodies) == 2
    assert all(values == sorted(values, reverse=True) for values in bodies)
    assert browser.complaints() == []


def test_real_runs_fit_a_phone(browser: Browser, shared_data: Path, tmp_path: Path) -> None:
    from traces.read import ReadOptions, read_traces

    paths = sorted((shared_data / "tau2").glob("*.json"))
    read = read_traces(paths, tmp_path / "store", ReadOptions(on_error="skip"))
    priced = reprice_tables(read.tables())
    real = tmp_path / "real.html"
    real.write_text(render(priced, {"scenario": Scenario().manifest()}, audit(priced)), encoding="utf-8")
    browser.look_at(real, 360)
    assert browser.ask("document.documentElement.scrollWidth") <= 360
    assert browser.ask(OVERLAPS) == []
    assert browser.complaints() == []


def test_letters_of_thirty_agents_of_a_benchmark_do_not_overlap(browser: Browser, tmp_path: Path) -> None:
    crowded = tmp_path / "crowded.html"
    crowded.write_text(render(content(60), {}), encoding="utf-8")
    browser.look_at(crowded, 1280)
    assert browser.ask(OVERLAPS) == []
    assert browser.ask(OUTSIDE) == []
    assert "No room for the letter of" in browser.ask("document.body.innerText")
