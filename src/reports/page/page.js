// What the program chose is only ever text, never markup; what a reader could not see in it is spelled out.
const unseen = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const spelled = sign => ({"\n": "\\n", "\t": "\\t", "\r": "\\r"})[sign] ||
  (sign < "\u0100" ? "\\x" + sign.charCodeAt(0).toString(16).padStart(2, "0") : "\\u" + sign.charCodeAt(0).toString(16).padStart(4, "0"));
const audit = JSON.parse(document.getElementById("data").textContent,
  (key, value) => typeof value === "string" ? value.replace(unseen, spelled) : value);

const routes = {
  vdso: ["in user space", "The vDSO function served the call in user space. This is the fast way."],
  fallback: ["fell back to the kernel", "The vDSO function was called, could not serve the call and made the system call itself."],
  syscall: ["made directly", "The program made the system call itself and bypassed the vDSO."],
  vsyscall: ["through vsyscall", "The program called the legacy page of old C libraries, which traps into the kernel."],
  unknown: ["by an unknown route", "The vDSO function was called; the engine could not see what followed."],
};
const routeNames = Object.keys(routes);

const byId = id => document.getElementById(id);
const make = (name, text, kind) => {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (kind) node.className = kind;
  return node;
};
const count = n => Number(n).toLocaleString("en");
const plural = (n, word) => `${count(n)} ${word}${Number(n) === 1 ? "" : "s"}`;
// Three digits that matter, as base/figures.cpp writes them.
const span = ns => {
  for (const [size, unit] of [[1e9, "s"], [1e6, "ms"], [1e3, "us"]]) {
    const value = ns / size;
    if (value >= 0.9995) return `${value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)} ${unit}`;
  }
  return `${Number(ns).toFixed(ns < 99.95 ? 1 : 0)} ns`;
};
const percent = part => {
  const value = 100 * part;
  return `${value.toFixed(value < 0.995 ? 2 : value < 9.95 ? 1 : 0)} %`;
};
const whole = audit.cpu_basis ? Number(audit.own_cpu_ns) : Number(audit.wall_ns);
const wholeName = audit.cpu_basis ? "its processor time" : "the run";
const share = ns => whole > 0 ? Math.min(1, ns / whole) : 0;
const baseName = path => path.replace(/.*\//, "");
const hex = offset => "+0x" + BigInt(offset).toString(16);
const callText = call => call.clock ? `${call.name}(${call.clock})` : call.name;

function commandText(words) {
  return words.map(word => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}

function programText() {
  if (audit.command.length) return commandText(audit.command);
  return audit.pids.map((pid, i) => {
    const inside = audit.pids_inside[i] ? ` (${audit.pids_inside[i]} in its PID namespace)` : "";
    const command = audit.commands && audit.commands[i] ? ": " + commandText(audit.commands[i]) : "";
    return `process ${pid}${inside}${command}`;
  }).join("\n");
}

function head() {
  byId("verdict").textContent = audit.verdict.text;
  byId("verdict").className = audit.verdict.ok ? "" : "bad";
  byId("program").textContent = programText();
  document.title = `vdsotrace audit: ${programText()}`.slice(0, 120);
  const facts = {
    Host: audit.host, Date: audit.time && audit.time.replace("T", " ").replace("Z", " UTC"), vdsotrace: audit.version, Kernel: "Linux " + audit.kernel,
    Clocksource: audit.clocksources.join(", then ") || "unknown", Run: span(Number(audit.wall_ns)), "Processor time": audit.cpu_basis && audit.cpu_basis.replace(" of processor time", ""), Engine: audit.engine,
  };
  for (const name in facts) {
    if (!facts[name]) continue;
    const fact = make("div");
    fact.append(make("dt", name), make("dd", facts[name]));
    byId("facts").append(fact);
  }
  if (Number(audit.lost)) byId("notices").append(make("li", `${plural(audit.lost, "call")} could not be recorded`));
  for (const notice of audit.notices) byId("notices").append(make("li", notice));
}

function costs() {
  const cost = Object.fromEntries(routeNames.map(route => [route, 0]));
  const unpriced = {...cost};
  for (const call of audit.calls) {
    if (call.cost_ns === null) unpriced[call.route] += Number(call.count);
    else cost[call.route] += Number(call.cost_ns);
  }
  const all = routeNames.reduce((sum, route) => sum + cost[route], 0);
  let text = `${span(Number(audit.cost_ns))}, ${percent(audit.cost_share)} of ${wholeName} (${audit.cost_basis}).`;
  if (Number(audit.kernel_cost_ns)) {
    const saved = Number(audit.avoidable_cost_ns);
    text += ` ${span(Number(audit.kernel_cost_ns))} of it in calls that entered the kernel${saved ? `; user space could have saved ${span(saved)}` : ""}.`;
  }
  if (!audit.complete) text += " The figures are incomplete.";
  byId("cost").textContent = text;
  byId("bar").setAttribute("aria-label", "Cost by route: " + routeNames.filter(route => cost[route]).map(route => `${route} ${span(cost[route])}`).join(", "));
  for (const route of routeNames) {
    const calls = Number(audit.routes[route]);
    if (route === "unknown" && !calls) continue;
    const item = make("li", undefined, calls ? route : route + " none");
    const figure = !calls ? "nothing" : calls > unpriced[route] ? span(cost[route]) : "no price";
    item.append(make("span", route, "chip"), make("b", figure), `${plural(calls, "call")} ${routes[route][0]}`,
      make("p", routes[route][1], "soft"));
    byId("routes").append(item);
    const part = make("i", undefined, route);
    part.style.width = (all ? 100 * cost[route] / all : 0) + "%";
    byId("bar").append(part);
  }
}

// What is worth hardly anything is one line, until somebody opens it.
function advice() {
  if (!audit.advice_items.length) return byId("advice").remove();
  const [shown, hidden] = byId("advice").querySelectorAll("ol");
  for (const one of audit.advice_items) (one.matters ? shown : hidden).append(make("li", one.text));
  if (!shown.children.length) shown.remove();
  if (!hidden.children.length) byId("advice").querySelector("details").remove();
  else byId("advice").querySelector("summary").textContent = `${hidden.children.length}${shown.children.length ? " more" : ""}, worth little`;
}

// Bars are wide enough to hold several of the bursts in which full rings are emptied.
function mergedSpans() {
  const {spans, span_ns} = audit.timeline;
  const least = Math.min(25e6, spans.length * span_ns / 12);
  const together = Math.max(1, Math.ceil(spans.length / 60), Math.round(least / span_ns));
  const bars = [];
  for (let at = 0; at < spans.length; at += together) {
    const part = spans.slice(at, at + together);
    const calls = routeNames.map((_, route) => part.reduce((sum, one) => sum + one[route], 0));
    bars.push({from: at * span_ns, seconds: part.length * span_ns / 1e9, calls});
  }
  return bars;
}

function overTime() {
  if (!audit.timeline.spans.length) return byId("time").remove();
  const bars = mergedSpans(), rate = bar => bar.calls.reduce((a, b) => a + b, 0) / bar.seconds;
  const highest = Math.max(...bars.map(rate));
  const chart = byId("time").querySelector(".bars"), [, middle, end] = byId("time").querySelectorAll(".axis span");
  for (const bar of bars) {
    const column = make("div");
    bar.calls.forEach((calls, route) => {
      if (!calls) return;
      const part = make("i", undefined, routeNames[route]);
      part.style.height = 100 * calls / bar.seconds / highest + "%";
      column.prepend(part);
    });
    column.title = `from ${span(bar.from)} on: ${count(Math.round(rate(bar)))} calls/s` +
      bar.calls.map((calls, route) => calls ? `, ${count(calls)} ${routeNames[route]}` : "").join("");
    chart.append(column);
  }
  const most = `up to ${count(Math.round(highest))} calls/s`;
  chart.setAttribute("aria-label", "Calls over time: " + most);
  middle.textContent = most;
  end.textContent = span(audit.timeline.spans.length * audit.timeline.span_ns);
}
