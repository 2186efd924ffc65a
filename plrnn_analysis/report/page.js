"use strict";

// Tables: a button in each head sorts by its column.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const numeric = head.classList.contains("number");
      const rows = [...table.tBodies[0].rows].map((row) => [row, row.cells[column].dataset.key]);
      const written = { inf: Infinity, "-inf": -Infinity };
      const value = (key) => written[key] ?? Number(key);
      rows.sort(([, a], [, b]) => {
        // Empty cells stand last, whichever way.
        if (a === "" || b === "") return (a === "") - (b === "");
        const order = numeric ? value(a) - value(b) || 0 : a.localeCompare(b, "en", { numeric: true });
        return down ? -order : order;
      });
      table.tBodies[0].append(...rows.map(([row]) => row));
    });
  });
}

// The transition graph: nodes tell their numbers, and can be moved.
const svg = document.getElementById("graph");
if (svg) {
  const told = document.getElementById("graph-numbers");
  const invitation = told.textContent;
  const nodes = [...svg.querySelectorAll(".node")].map((element, i) => {
    const [x, y] = element.dataset.at.split(" ").map(Number);
    return { element, i, x, y, home: [x, y], r: Number(element.querySelector("circle").getAttribute("r")) };
  });
  const edges = [...svg.querySelectorAll(".edge")].map((element) => {
    const [a, b] = element.dataset.ends.split(" ").map((i) => nodes[Number(i)]);
    return { element, a, b };
  });
  const bend = Number(svg.dataset.bend);
  const [width, height] = svg.getAttribute("viewBox").split(" ").slice(2).map(Number);

  const path = ({ a, b }) => {
    const at = (x, y) => `${x.toFixed(1)} ${y.toFixed(1)}`;
    if (a === b) {
      const { x, y, r } = a;
      const loop = [at(x - 1.2 * r, y - 2.4 * r), at(x + 1.2 * r, y - 2.4 * r), at(x + 0.5 * r, y - 0.87 * r)];
      return `M${at(x - 0.5 * r, y - 0.87 * r)}C${loop.join(" ")}`;
    }
    const mx = (a.x + b.x) / 2 + bend * (a.y - b.y);
    const my = (a.y + b.y) / 2 + bend * (b.x - a.x);
    const rim = (node, gap) => {
      const d = Math.hypot(mx - node.x, my - node.y) || 1e-9;
      return at(node.x + ((node.r + gap) * (mx - node.x)) / d, node.y + ((node.r + gap) * (my - node.y)) / d);
    };
    return `M${rim(a, 0)}Q${at(mx, my)} ${rim(b, 2)}`;
  };

  const move = (node, x, y) => {
    node.x = Math.min(Math.max(x, node.r), width - node.r);
    node.y = Math.min(Math.max(y, node.r), height - node.r);
    node.element.setAttribute("transform", `translate(${node.x.toFixed(1)} ${node.y.toFixed(1)})`);
    for (const edge of edges) if (edge.a === node || edge.b === node) edge.element.setAttribute("d", path(edge));
  };

  const tell = (node) => {
    told.textContent = node ? node.element.getAttribute("aria-label").split("; ").join("\n") : invitation;
    svg.classList.toggle("telling", Boolean(node));
    const near = new Set([node]);
    for (const { element, a, b } of edges) {
      const own = a === node || b === node;
      element.classList.toggle("near", own);
      if (own) near.add(a).add(b);
    }
    for (const other of nodes) other.element.classList.toggle("near", near.has(other));
  };

  // One stop for the tab key; arrows go from node to node.
  let current = nodes[0];
  const focus = (node) => {
    current.element.setAttribute("tabindex", "-1");
    current = node;
    node.element.setAttribute("tabindex", "0");
    node.element.focus({ preventScroll: true });
  };
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const focused = () => nodes.find(({ element }) => element === document.activeElement);

  let held = null;
  const place = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  for (const node of nodes) {
    const { element } = node;
    element.setAttribute("tabindex", node === current ? "0" : "-1");
    element.addEventListener("pointerenter", () => held || tell(node));
    element.addEventListener("pointerleave", () => held || tell(focused()));
    element.addEventListener("focus", () => tell(node));
    element.addEventListener("blur", () => tell(null));
    element.addEventListener("pointerdown", (event) => {
      const { x, y } = place(event);
      held = { node, dx: node.x - x, dy: node.y - y };
      element.setPointerCapture(event.pointerId);
      focus(node);
      event.preventDefault();
    });
    element.addEventListener("pointermove", (event) => {
      if (held?.node !== node) return;
      const { x, y } = place(event);
      move(node, x + held.dx, y + held.dy);
    });
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => (held = null));
    element.addEventListener("keydown", (event) => {
      const step = steps[event.key];
      const jump = { Home: 0, End: nodes.length - 1 }[event.key];
      if (step && event.shiftKey) move(node, node.x + 10 * step[0], node.y + 10 * step[1]);
      else if (step) focus(nodes[(node.i + step[0] + step[1] + nodes.length) % nodes.length]);
      else if (jump !== undefined) focus(nodes[jump]);
      else if (event.key === "Escape") element.blur();
      else return;
      event.preventDefault();
    });
  }
  document.getElementById("graph-back").addEventListener("click", () => nodes.forEach((n) => move(n, ...n.home)));
}
