// Who calls what, twice: as a flame graph and as a table, which show the same part and point at each other.

const placeText = who => who.symbol || (who.module ? baseName(who.module) + hex(who.offset) : "caller not known");
const samePlace = (a, b) => a.module === b.module && a.symbol === b.symbol && a.offset === b.offset;

const rows = audit.calls.flatMap(call => call.callers.map(who => {
  const calls = Number(who.count), each = call.cost_ns === null ? null : Number(call.cost_ns) / Number(call.count);
  const beyond = who.beyond && !samePlace(who, who.beyond) ? who.beyond : null;
  return {call: callText(call), of: call, who, beyond, route: call.route, calls, each: call.unit_cost_ns, cost: each === null ? null : each * calls,
    caller: placeText(who), why: call.why || "", median: call.median_ns, p99: call.p99_ns, longest: call.max_ns, frames: []};
}));

// Whole stacks where they are known, else each caller with its module, and with who is beyond it.
function pathOf(row) {
  return [row.beyond, row.who].filter(Boolean)
    .flatMap(who => [...(who.module && who.symbol ? [baseName(who.module)] : []), placeText(who)]);
}

function treeOf() {
  const program = audit.command.length ? baseName(audit.command[0]) : audit.pids.length === 1 ? "process" : "processes";
  const root = {name: program, calls: 0, cost: 0, children: new Map(), depth: 0, rows: new Set(), up: null, route: null};
  const add = (path, call, calls, itsRows) => {
    const cost = call.cost_ns === null ? 0 : Number(call.cost_ns) / Number(call.count) * calls;
    let node = root;
    for (let at = -1; at <= path.length; ++at) {
      if (at >= 0) {
        const leaf = at === path.length, name = leaf ? `${callText(call)} [${call.route}]` : path[at], key = leaf + name;
        if (!node.children.has(key)) {
          node.children.set(key, {name, calls: 0, cost: 0, children: new Map(), depth: node.depth + 1, rows: new Set(), up: node, route: leaf ? call.route : null});
        }
        node = node.children.get(key);
      }
      node.calls += calls;
      node.cost += cost;
      for (const row of itsRows) node.rows.add(row);
      if (at === path.length) for (const row of itsRows) row.frames.push(node);
    }
  };
  for (const call of audit.calls) {
    const own = rows.filter(row => row.of === call);
    if (!call.stacks) {
      for (const row of own) add(pathOf(row), call, row.calls, [row]);
      continue;
    }
    for (const stack of call.stacks) {
      const on = own.filter(row => stack.places.some(place => samePlace(place, row.who)));
      add(stack.places.map(placeText).reverse(), call, Number(stack.count), on.length ? on : own);
    }
  }
  return root;
}

const root = treeOf();
const view = {by: root.cost > 0 ? "cost" : "calls", top: root, wanted: "", sorted: "cost", down: true};
const buttons = new Map();  // of the frames that are shown

const matches = text => text.toLowerCase().includes(view.wanted);
const isMatch = node => view.wanted !== "" && matches(node.name);
const amount = node => view.by === "cost" ? span(node.cost) : plural(node.calls, "call");
const part = (node, of) => of[view.by] ? node[view.by] / of[view.by] : 0;

function frame(node, left, width) {
  const button = make("button", node.name, node.route ? `leaf ${node.route}` : `frame${(node.depth + node.name.length) % 3}`);
  button.type = "button";
  button.tabIndex = node === view.top ? 0 : -1;
  button.style.left = 100 * left + "%";
  button.style.width = `max(1px, calc(${100 * width}% - 1px))`;
  button.style.top = node.depth * 26 + "px";
  button.classList.toggle("narrow", width < 0.02);
  button.classList.toggle("match", isMatch(node));
  button.title = `${node.name}\n${span(node.cost)}, ${plural(node.calls, "call")}, ${percent(part(node, root))} of all ${view.by}`;
  button.setAttribute("aria-label", `${node.name}: ${amount(node)}`);
  button.addEventListener("click", () => zoom(node === view.top && node.up ? node.up : node));
  button.addEventListener("mouseenter", () => link(node.rows, []));
  button.addEventListener("mouseleave", () => link([], []));
  button.addEventListener("keydown", event => move(event, node));
  buttons.set(node, button);
  return button;
}

const childrenOf = node => [...node.children.values()].sort((a, b) => b[view.by] - a[view.by]);

function drawFlame() {
  const shown = [];
  buttons.clear();
  for (let up = view.top.up; up; up = up.up) shown.push(frame(up, 0, 1));
  const put = (node, left, width) => {
    if (width < 0.0008 || shown.length > 5000) return;
    shown.push(frame(node, left, width));
    for (const child of childrenOf(node)) {
      const its = width * part(child, node);
      put(child, left, its);
      left += its;
    }
  };
  put(view.top, 0, 1);
  byId("flame").replaceChildren(...shown);
  byId("flame").classList.toggle("searched", view.wanted !== "");
  byId("flame").style.height = 26 * (1 + Math.max(...[...buttons.keys()].map(node => node.depth))) + "px";
}

function move(event, node) {
  const beside = [...buttons.keys()].filter(other => other.depth === node.depth), at = beside.indexOf(node);
  const to = {
    ArrowDown: () => childrenOf(node).find(child => buttons.has(child)), ArrowUp: () => node.up,
    ArrowLeft: () => beside[at - 1], ArrowRight: () => beside[at + 1], Home: () => root,
  }[event.key];
  if (!to) return;
  event.preventDefault();
  const next = buttons.get(to());
  if (next) next.focus();
}

function zoom(node) {
  const hadFocus = byId("flame").contains(document.activeElement);
  view.top = node;
  show();
  if (hadFocus) buttons.get(node).focus();
}

function reset() {
  byId("search").value = view.wanted = "";
  zoom(root);
}

// Points at rows and frames.
function link(some, frames) {
  for (const row of rows) if (row.line) row.line.classList.toggle("linked", [...some].includes(row));
  for (const [node, button] of buttons) button.classList.toggle("linked", frames.includes(node));
}

function find(row) {
  if (!row.frames.some(node => buttons.has(node))) zoom(root);
  link([row], row.frames);
  const first = row.frames.map(node => buttons.get(node)).find(Boolean);
  if (first) first.focus();
}

const figure = ns => make("td", ns === null || ns === undefined ? "-" : span(Number(ns)), "n");
const measured = rows.some(row => typeof row.median === "number");
const columns = [
  ["cost", "Total", true, row => figure(row.cost)],
  ["cost", "Share", true, row => make("td", row.cost === null ? "-" : percent(share(row.cost)), "n")],
  ["each", measured ? "Median" : "Each", true, row => figure(row.each)],
  ...(measured ? [["p99", "p99", true, row => figure(row.p99)], ["longest", "Longest", true, row => figure(row.longest)]] : []),
  ["calls", "Calls", true, row => make("td", count(row.calls), "n")],
  ["route", "Route", false, row => { const cell = make("td"); cell.append(make("span", row.route, `chip ${row.route}`)); return cell; }],
  ["call", "Call, and why it entered the kernel", false, callCell],
  ["caller", "Caller", false, callerCell],
];

function callCell(row) {
  const cell = make("td", undefined, "call"), button = make("button");
  button.type = "button";
  button.append(make("code", row.call));
  button.addEventListener("click", () => find(row));
  cell.append(button, make("span", row.why, "soft"));
  return cell;
}

// Both ends of a long name say most: its package and its method.
const shortened = (name, most = 110) => name.length > most ? name.slice(0, most / 2) + "…" + name.slice(-most / 2) : name;

function callerCell(row) {
  const cell = make("td", undefined, "caller");
  for (const who of [row.who, row.beyond].filter(Boolean)) {
    const name = make("code", (who === row.beyond ? "for " : "") + shortened(placeText(who)));
    name.title = placeText(who);
    cell.append(name);
    if (!who.symbol) continue;
    const module = make("span", hex(who.offset) + (who.module ? " in " + baseName(who.module) : ""), "soft");
    module.title = who.module || "";
    cell.append(module);
  }
  return cell;
}

function lineOf(row) {
  const line = make("tr");
  line.append(...columns.map(([, , , cell]) => cell(row)));
  const interrupted = Number(row.of.interrupted_calls);
  if (interrupted) line.title = `${plural(interrupted, "call")} of this kind ${interrupted === 1 ? "was" : "were"} interrupted, ${span(row.of.interrupted_ns)}`;
  line.addEventListener("mouseenter", () => link([], row.frames));
  line.addEventListener("mouseleave", () => link([], []));
  return line;
}

function drawTable() {
  const isNumber = typeof rows[0]?.[view.sorted] !== "string";
  const order = (a, b) => isNumber ? (a[view.sorted] ?? -1) - (b[view.sorted] ?? -1) : a[view.sorted].localeCompare(b[view.sorted]);
  const texts = row => [row.call, row.route, row.caller, row.who.module || "", row.why, ...(row.beyond ? [placeText(row.beyond)] : [])];
  const onPath = row => row.frames.some(node => { while (node && !isMatch(node)) node = node.up; return node; });
  const wanted = rows.filter(row => view.top.rows.has(row) && (!view.wanted || texts(row).some(matches) || onPath(row)));
  wanted.sort((a, b) => order(a, b) * (view.down ? -1 : 1));
  const most = 2000;
  for (const row of rows) row.line = null;
  byId("calls").tBodies[0].replaceChildren(...wanted.slice(0, most).map(row => row.line = lineOf(row)));
  byId("left-out").textContent = wanted.length > most ? `${plural(wanted.length - most, "more row")}: narrow the search to see them` : "";
  for (const th of byId("calls").querySelectorAll("th")) {
    if (th.dataset.key === view.sorted && th.dataset.first) th.setAttribute("aria-sort", view.down ? "descending" : "ascending");
    else th.removeAttribute("aria-sort");
  }
  return wanted.length;
}

function tableHead() {
  const seen = new Set();
  for (const [key, title, isNumber] of columns) {
    const th = make("th", undefined, isNumber ? "n" : ""), button = make("button", title);
    th.scope = "col";
    th.dataset.key = key;
    if (!seen.has(key)) th.dataset.first = "yes";
    seen.add(key);
    if (title === "Share") th.title = `of ${wholeName}`;
    button.type = "button";
    button.addEventListener("click", () => { view.down = view.sorted === key ? !view.down : isNumber; view.sorted = key; drawTable(); });
    th.append(button);
    byId("calls").tHead.rows[0].append(th);
  }
}

// Their paths, once.
function modules() {
  const paths = new Set(rows.flatMap(row => [row.who, row.beyond]).map(who => who && who.module).filter(path => path && path.includes("/")));
  byId("modules").querySelector("ul").append(...[...paths].sort().map(path => make("li", path)));
  if (!paths.size) byId("modules").remove();
}

function matched(node) {
  if (isMatch(node)) return node[view.by];
  return [...node.children.values()].reduce((sum, child) => sum + matched(child), 0);
}

function show() {
  drawFlame();
  const lines = drawTable(), texts = [];
  if (view.top !== root) texts.push(`under ${view.top.name}: ${amount(view.top)}, ${percent(part(view.top, root))} of all ${view.by}`);
  if (view.wanted) texts.push(`frames that match: ${percent(view.top[view.by] ? matched(view.top) / view.top[view.by] : 0)} of the ${view.by} shown`);
  if (texts.length) texts.push(`${plural(lines, "row")} of ${count(rows.length)}`);
  byId("shown").textContent = texts.join(" · ");
  byId("reset").disabled = texts.length === 0;
}

function who() {
  if (!rows.length) return byId("who").remove();
  tableHead();
  modules();
  for (const radio of document.getElementsByName("by")) {
    radio.checked = radio.value === view.by;
    radio.disabled = root.cost === 0 && radio.value === "cost";
    radio.addEventListener("change", () => { view.by = radio.value; show(); });
  }
  byId("search").addEventListener("input", () => { view.wanted = byId("search").value.trim().toLowerCase(); show(); });
  byId("reset").addEventListener("click", reset);
  document.addEventListener("keydown", event => {
    const typing = event.target instanceof HTMLInputElement && event.target.type === "search";
    if (event.key === "Escape") reset();
    else if (event.key === "/" && !typing) { event.preventDefault(); byId("search").focus(); }
  });
  show();
}

head();
costs();
advice();
who();
overTime();
