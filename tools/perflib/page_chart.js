// SPDX-License-Identifier: BSD-3-Clause
"use strict";
// One chart: runs as dots, the median of each part with its band, changes, peers as lines.

const WIDTH = 720, HEIGHT = 260, LEFT = 62, RIGHT = 12, TOP = 14, BOTTOM = 24;

function svg(name, attributes, parent, text) {
	const made = document.createElementNS("http://www.w3.org/2000/svg", name);
	for (const [key, value] of Object.entries(attributes))
		made.setAttribute(key, value);
	if (text !== undefined)
		made.textContent = text;
	if (parent)
		parent.append(made);
	return made;
}

function number(value) {
	return Number(value.toPrecision(4)).toLocaleString("en");
}

function percent(change) {
	return change[1] ? `${change[2] > change[1] ? "+" : ""}${((change[2] / change[1] - 1) * 100).toFixed(1)} %` : "from nothing";
}

// What the axis shows: the middle of what was measured, so that a wild run does not flatten all others; peers if near.
function range(series) {
	const sorted = [...series.v].sort((a, b) => a - b), at = share => sorted[Math.round(share * (sorted.length - 1))];
	const spread = at(.95) - at(.05) || at(.5) * .05 || 1;
	let low = Math.max(sorted[0], at(.05) - spread), high = Math.min(sorted[sorted.length - 1], at(.95) + spread);
	for (const peer of series.p)
		if (peer[1] < high * 4 && peer[1] > low / 4) {
			low = Math.min(low, peer[1]);
			high = Math.max(high, peer[1]);
		}
	const edge = (high - low || Math.abs(high) * .1 || 1) * .08;
	return [low - edge, high + edge];
}

function ticks(low, high) {
	const rough = (high - low) / 4, unit = 10 ** Math.floor(Math.log10(rough));
	const step = [1, 2, 5, 10].map(n => n * unit).find(n => n >= rough);
	const list = [];
	for (let value = Math.ceil(low / step) * step; value <= high; value += step)
		list.push(value);
	return list;
}

function drawAxes(chart, low, high, y, unit) {
	for (const value of ticks(low, high)) {
		svg("path", {class: "axis", d: `M${LEFT} ${y(value)}H${WIDTH - RIGHT}`}, chart);
		svg("text", {x: LEFT - 5, y: y(value) + 4, "text-anchor": "end"}, chart, number(value));
	}
	svg("text", {x: 4, y: TOP - 3}, chart, unit);
}

function drawParts(chart, series, x, y) {
	for (const [first, end, middle, lowest, highest] of series.b) {
		const from = x(first) - 3, to = x(end - 1) + 3;
		svg("rect", {class: "band", x: from, y: y(highest), width: to - from,
			height: Math.max(1, y(lowest) - y(highest))}, chart);
		svg("path", {class: "middle", d: `M${from} ${y(middle)}H${to}`}, chart);
	}
	for (const change of series.c) {
		const kind = change[2] > change[1] ? "worse" : "better", place = (x(change[0] - 1) + x(change[0])) / 2;
		svg("path", {class: `change ${kind}`, d: `M${place} ${TOP}V${HEIGHT - BOTTOM}`}, chart);
		svg("text", {x: Math.min(place + 3, WIDTH - 60), y: TOP + 9}, chart, percent(change));
	}
}

function drawPeers(chart, series, low, high, y) {
	for (const [name, value] of series.p) {
		const inside = value >= low && value <= high;
		if (!inside)
			continue;
		svg("path", {class: "peer", d: `M${LEFT} ${y(value)}H${WIDTH - RIGHT}`}, chart);
		svg("text", {class: "peer", x: WIDTH - RIGHT - 3, y: y(value) - 3, "text-anchor": "end"}, chart, name);
	}
}

function describe(runs, series, at) {
	const run = runs[series.r[at]], change = series.c.find(one => one[0] === at);
	const date = new Date(run.t * 1000).toISOString().slice(0, 10);
	return `${at + 1} of ${series.v.length}: ${number(series.v[at])} ${series.u}` +
		`${change ? `, changed by ${percent(change)}` : ""} · ${run.c} ${date} · ${run.s} · ${run.k}`;
}

// A figure with its caption, which follows the cursor.
function chartOf(runs, series) {
	const figure = document.createElement("figure"), caption = document.createElement("figcaption");
	const chart = svg("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, tabindex: 0, role: "img",
		"aria-label": `${series.n}: ${series.v.length} runs, ${series.c.length} changes; arrow keys go from run to run`});
	const [low, high] = range(series), n = series.v.length;
	const x = at => LEFT + 8 + (WIDTH - LEFT - RIGHT - 16) * (n > 1 ? at / (n - 1) : .5);
	const y = value => Math.max(TOP, Math.min(HEIGHT - BOTTOM,
		HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low)));
	drawAxes(chart, low, high, y, series.u);
	drawPeers(chart, series, low, high, y);
	drawParts(chart, series, x, y);
	series.v.forEach((value, at) => svg("circle", {class: "dot", cx: x(at), cy: y(value), r: n > 80 ? 1.8 : 2.6}, chart));
	svg("text", {x: LEFT, y: HEIGHT - 6}, chart, runs[series.r[0]].c);
	svg("text", {x: WIDTH - RIGHT, y: HEIGHT - 6, "text-anchor": "end"}, chart, runs[series.r[n - 1]].c);
	const cursor = svg("circle", {class: "cursor", r: 5}, chart);
	caption.setAttribute("aria-live", "polite");
	let at = n - 1;
	const go = to => {
		at = Math.max(0, Math.min(n - 1, to));
		cursor.setAttribute("cx", x(at));
		cursor.setAttribute("cy", y(series.v[at]));
		caption.textContent = describe(runs, series, at);
	};
	chart.addEventListener("keydown", event => {
		const steps = {ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: n - 1};
		if (event.key in steps) {
			event.preventDefault();
			go(steps[event.key]);
		}
	});
	chart.addEventListener("pointermove", event => {
		const box = chart.getBoundingClientRect(), place = (event.clientX - box.left) / box.width * WIDTH;
		go(Math.round((place - x(0)) / (n > 1 ? x(1) - x(0) : 1)));
	});
	go(at);
	figure.append(chart, caption);
	return figure;
}
