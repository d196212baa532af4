#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The page of tools/perf report in a real browser: Debian's Chromium, without a screen and without a network.

Usage: tests/perf/browser.py PAGE

It clicks, sorts, filters, uses keys, looks at a phone and at night, and fails on whatever the
console calls an error.  One line a check; the last is `N passed, N failed`.  77: no Chromium.
"""

import os
import sys

try:
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    print("skipped: no python3-selenium")
    sys.exit(77)

DRIVER, CHROMIUM = "/usr/bin/chromedriver", "/usr/bin/chromium"
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
NO_NETWORK = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}


def start():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=webdriver.ChromeService(DRIVER) if hasattr(webdriver, "ChromeService")
                            else webdriver.chrome.service.Service(DRIVER), options=options)


class Test:
    def __init__(self, driver, page):
        self.driver, self.passed, self.failed = driver, 0, 0
        driver.set_page_load_timeout(120)
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd("Network.emulateNetworkConditions", NO_NETWORK)
        driver.get(f"file://{os.path.abspath(page)}")

    def check(self, what, holds):
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        print(f"{'ok     ' if holds else 'FAILED '} {what}", flush=True)

    def script(self, code, *arguments):
        return self.driver.execute_script(f"return {code}", *arguments)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def keys(self, *keys):
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def column(self, at):
        """What a column shows, of the rows that are shown."""
        return self.script("[...document.querySelectorAll('#table tbody tr:not(.detail)')].filter(row => !row.hidden)"
                           f".map(row => row.cells[{at}].textContent)")

    def console(self):
        wrong = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        self.check(f"the console has no error{': ' + '; '.join(wrong) if wrong else ''}", not wrong)

    # ---- What is looked at ----

    def contents(self):
        number = self.script("data.series.length")
        changes = self.script("data.series.reduce((sum, one) => sum + one.c.length, 0)")
        self.check(f"the table has all {number} benchmarks", number > 0 and len(self.column(0)) == number)
        self.check(f"the overview has all {changes} changes", changes == len(self.all("#changes li")))
        self.check("what is opened later is not drawn yet", not self.all("#table svg"))

    def sorting(self):
        buttons = self.all("#table th button")
        buttons[0].click()
        down = self.column(0)
        buttons[0].click()
        up = self.column(0)
        self.check("a click on a title sorts by names, another one the other way round",
                   down == up[::-1] and up != down and len(set(up)) == len(up))
        buttons[1].click()
        values = self.script("rows.map(one => one.series.v[one.series.v.length - 1])")
        self.check("numbers are sorted as numbers", values == sorted(values) and values != sorted(values, key=str))
        self.check("the head says how it is sorted",
                   self.script("document.querySelectorAll('th')[1].getAttribute('aria-sort')") == "ascending")

    def filtering(self):
        before = len(self.column(0))
        self.driver.find_element(By.TAG_NAME, "body").click()
        self.keys("/")
        self.check("/ goes to the filter", self.driver.switch_to.active_element.get_attribute("id") == "filter")
        self.keys(self.column(0)[0].split("/")[0])
        word, left = self.script("byId('filter').value"), self.column(0)
        self.check(f"'{word}' leaves {len(left)} of {before}, which have it",
                   0 < len(left) < before and all(word.lower() in name.lower() for name in left))
        self.check("how many are shown is said", self.script("byId('shown').textContent") == f"{len(left)} of {before}")
        self.keys(*[Keys.BACKSPACE] * len(word))
        self.check("without it all are there again", len(self.column(0)) == before)
        self.driver.find_element(By.ID, "only").click()
        self.check("those that changed alone", set(self.column(5)).isdisjoint({"0"}) and 0 < len(self.column(0)) < before)
        self.driver.find_element(By.ID, "only").click()

    def charts(self):
        link = self.all("#changes li button")[0]
        name = link.text
        link.click()
        figure = self.all("#table tr.detail:not([hidden]) figure")
        self.check("a click on a change opens its chart", len(figure) == 1 and
                   self.driver.switch_to.active_element.text == name)
        chart = figure[0].find_element(By.TAG_NAME, "svg")
        parts = {kind: len(chart.find_elements(By.CSS_SELECTOR, f".{kind}")) for kind in ("dot", "band", "change")}
        self.check(f"it has its runs, bands and changes: {parts}",
                   parts["dot"] > parts["band"] == parts["change"] + 1 > 1)
        caption = figure[0].find_element(By.TAG_NAME, "figcaption")
        self.keys(Keys.TAB)
        self.check("Tab goes into the chart", self.driver.switch_to.active_element == chart)
        self.keys(Keys.HOME)
        first = caption.text
        self.keys(Keys.ARROW_RIGHT)
        self.check("arrow keys go from run to run", first.startswith("1 of ") and caption.text.startswith("2 of "))
        self.keys(Keys.ESCAPE)
        self.check("Escape closes it, and the name has the focus", self.driver.switch_to.active_element.text == name and
                   not self.all("#table tr.detail:not([hidden])"))
        self.keys(Keys.ENTER)
        self.check("Enter opens it again", len(self.all("#table tr.detail:not([hidden]) figure")) == 1)
        self.script("rows.forEach(one => toggle(one, true))")
        self.check("every benchmark has a chart", len(self.all("#table figure")) == self.script("rows.length"))
        self.check("peers are lines where a row has some", self.script(
            "data.series.every(one => one.p.length === 0) || document.querySelectorAll('path.peer').length > 0"))

    def phone(self):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
        self.check("on a phone nothing is wider than the screen", self.script(
            "document.documentElement.scrollWidth <= window.innerWidth && window.innerWidth <= 390"))
        self.check("charts fit there too", self.script(
            "[...document.querySelectorAll('figure')].every(one => one.getBoundingClientRect().width <= 390)"))
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def night(self):
        light = self.script("getComputedStyle(document.body).backgroundColor")
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                    {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        dark, text = self.script("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
        brightness = [sum(map(int, color[4:-1].split(","))) for color in (light, dark, text)]
        self.check(f"at night it is dark: {light} -> {dark}, text {text}",
                   brightness[0] > 600 > 150 > brightness[1] and brightness[2] > 500)

    def run(self):
        for part in (self.contents, self.sorting, self.filtering, self.charts, self.phone, self.night, self.console):
            part()


def catches_errors(driver, page):
    """A page with an error planted must not pass."""
    broken = f"{page}.broken.html"
    with open(page, encoding="utf-8") as file:
        text = file.read()
    with open(broken, "w", encoding="utf-8") as file:
        file.write(text.replace("makeHead();\n", "makeHead();\nnobody.knows();\n"))
    try:
        driver.get_log("browser")
        driver.get(f"file://{os.path.abspath(broken)}")
        return any(entry["level"] == "SEVERE" and "nobody" in entry["message"] for entry in driver.get_log("browser"))
    finally:
        os.unlink(broken)


def main():
    if len(sys.argv) != 2:
        print("Usage: tests/perf/browser.py PAGE", file=sys.stderr)
        return 2
    if not (os.path.exists(DRIVER) and os.path.exists(CHROMIUM)):
        print("skipped: no chromium and chromium-driver")
        return 77
    try:
        driver = start()
    except WebDriverException as error:
        print(f"FAILED  Chromium does not start: {error}\n0 passed, 1 failed")
        return 1
    try:
        test = Test(driver, sys.argv[1])
        try:
            test.run()
        except (WebDriverException, IndexError, AssertionError) as error:
            test.check(f"it goes on to the end: {error!r}", False)
        test.check("an error planted into the page is seen", catches_errors(driver, sys.argv[1]))
    finally:
        driver.quit()
    print(f"{test.passed} passed, {test.failed} failed")
    return 1 if test.failed else 0


if __name__ == "__main__":
    sys.exit(main())
