// SPDX-License-Identifier: BSD-3-Clause
"use strict";
// The page around the charts: what changed, and the table of all benchmarks.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);
const FEW = 20;

function element(name, text, className) {
	const made = document.createElement(name);
	if (text !== undefined)
		made.textContent = text;
	if (className)
		made.className = className;
	return made;
}

function button(text, action) {
	const made = element("button", text);
	made.type = "button";
	made.addEventListener("click", action);
	return made;
}

const lastChange = series => series.c[series.c.length - 1];
const share = change => change ? (change[1] ? change[2] / change[1] - 1 : Infinity) : 0;
const kindOf = change => change[2] > change[1] ? "worse" : "better";
const title = series => data.machines.length > 1 ? `${series.n} (${data.machines[series.m]})` : series.n;

// Title, what a series is sorted by, what is shown, and whether a phone does without.
const COLUMNS = [
	["Benchmark", series => series.n, null, false],
	["Now", series => series.v[series.v.length - 1], series => number(series.v[series.v.length - 1]), false],
	["Unit", series => series.u, series => series.u, true],
	["Last change", series => share(lastChange(series)), series => lastChange(series) ? percent(lastChange(series)) : "", false],
	["At commit", series => lastChange(series) ? data.runs[series.r[lastChange(series)[0]]].t : 0,
		series => lastChange(series) ? data.runs[series.r[lastChange(series)[0]]].c : "", true],
	["Changes", series => series.c.length, series => String(series.c.length), true],
	["Runs", series => series.v.length, series => String(series.v.length), true],
];

const rows = data.series.map(makeRow);
const order = {column: 0, down: false};

function makeRow(series) {
	const row = element("tr"), detail = element("tr", undefined, "detail"), cell = element("td");
	const made = {series, row, detail, cell, opener: null};
	made.opener = button(title(series), () => toggle(made));
	made.opener.setAttribute("aria-expanded", "false");
	detail.hidden = true;
	cell.colSpan = COLUMNS.length;
	detail.append(cell);
	for (const [, , shown, optional] of COLUMNS) {
		const one = element("td", shown ? shown(series) : undefined, optional ? "optional" : "");
		if (!shown)
			one.append(made.opener);
		row.append(one);
	}
	if (lastChange(series))
		row.children[3].classList.add(kindOf(lastChange(series)));
	detail.addEventListener("keydown", event => {
		if (event.key === "Escape") {
			toggle(made, false);
			made.opener.focus();
		}
	});
	return made;
}

function toggle(one, open = one.detail.hidden) {
	if (open && !one.cell.firstChild)
		one.cell.append(chartOf(data.runs, one.series));
	one.detail.hidden = !open;
	one.opener.setAttribute("aria-expanded", String(open));
}

function show(one) {
	byId("filter").value = "";
	byId("only").checked = false;
	filter();
	toggle(one, true);
	one.opener.focus();
	one.row.scrollIntoView({block: "center"});
}

function sort() {
	const key = COLUMNS[order.column][1], sign = order.down ? -1 : 1;
	rows.sort((a, b) => {
		const x = key(a.series), y = key(b.series);
		return sign * (typeof x === "string" ? x.localeCompare(y) : x === y ? 0 : x < y ? -1 : 1);
	});
	byId("table").tBodies[0].append(...rows.flatMap(one => [one.row, one.detail]));
	[...byId("table").tHead.rows[0].cells].forEach((cell, at) =>
		cell.setAttribute("aria-sort", at !== order.column ? "none" : order.down ? "descending" : "ascending"));
}

function filter() {
	const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean), only = byId("only").checked;
	let shown = 0;
	for (const one of rows) {
		const name = title(one.series).toLowerCase();
		const fits = words.every(word => name.includes(word)) && (!only || one.series.c.length > 0);
		one.row.hidden = !fits;
		if (!fits)
			toggle(one, false);
		shown += fits;
	}
	byId("shown").textContent = `${shown} of ${rows.length}`;
}

function makeHead() {
	COLUMNS.forEach(([name, , , optional], at) => {
		const cell = element("th", undefined, optional ? "optional" : "");
		cell.scope = "col";
		cell.append(button(name, () => {
			order.down = order.column === at ? !order.down : at === 3;
			order.column = at;
			sort();
		}));
		byId("table").tHead.rows[0].append(cell);
	});
}

function makeChanges() {
	const all = rows.flatMap(one => one.series.c.map(change => {
		const [before, run] = [-1, 0].map(by => data.runs[one.series.r[change[0] + by]]);
		return {one, change, before, run};
	}));
	all.sort((a, b) => b.run.t - a.run.t || Math.abs(share(b.change)) - Math.abs(share(a.change)));
	const list = all.map(({one, change, before, run}) => {
		const line = element("li");
		line.append(element("span", `${kindOf(change)} ${percent(change)}`, kindOf(change)), " ",
			button(title(one.series), () => show(one)),
			element("span", ` ${before.c}..${run.c} ${run.s}`, "soft"));
		return line;
	});
	list.forEach((line, at) => { line.hidden = at >= FEW; });
	byId("changes").append(...list);
	byId("nothing").hidden = list.length > 0;
	byId("more").hidden = list.length <= FEW;
	byId("more").textContent = `Show all ${list.length}`;
	byId("more").addEventListener("click", () => {
		list.forEach(line => { line.hidden = false; });
		byId("more").hidden = true;
		list[FEW].querySelector("button").focus();
	});
}

byId("about").textContent = `${data.runs.length} runs, ${data.series.length} benchmarks, ${data.machines.join("; ")}. ` +
	"A dot is a run; lines and bands are medians between changes and where they lie with 95 % confidence; dotted lines are peers.";
makeHead();
makeChanges();
sort();
filter();
byId("filter").addEventListener("input", filter);
byId("only").addEventListener("change", filter);
document.addEventListener("keydown", event => {
	if (event.key === "/" && !["INPUT", "TEXTAREA"].includes(document.activeElement.tagName)) {
		event.preventDefault();
		byId("filter").focus();
	}
});
