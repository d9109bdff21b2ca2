/**
 * Runs in the page, which contains its source, so it must not use anything outside itself. It selects, sorts,
 * filters, folds and copies; all contents are readable without it.
 */
// deno-lint-ignore plain-code/short-functions -- Its text is the whole script of a page.
export function pageScript() {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  /** Parses the number in a cell: `4,021`, `<1%`, `>99%`. */
  const number = (text) =>
    parseFloat(text.replaceAll(",", "").replace("<1%", "0.5").replace(">", ""));

  // A layer is selected, or under the pointer, in every chart and table at once.
  const rows = all(".layers-table tr[data-l]");
  const places = new Map(rows.map((row, place) => [row.dataset.l, place]));
  const parts = all("[data-l]");
  const picked = document.getElementById("picked");
  let selected = null;
  const placeOf = (id) => Number(id.slice(id.lastIndexOf("-") + 1));
  const runOf = (id) => id.slice(0, id.lastIndexOf("-"));
  /** Returns true if a row shows a layer; many layers may share one row. */
  const shows = ({ dataset: { l, from = l, to = l } }, id) =>
    l === id ||
    runOf(l) === runOf(id) && placeOf(from) <= placeOf(id) && placeOf(id) <= placeOf(to);
  const marked = (id) => id === null ? [] : parts.filter((part) => shows(part, id));
  let hovered = [];
  const hover = (id) => {
    for (const part of hovered) part.classList.remove("hover");
    hovered = marked(id);
    for (const part of hovered) part.classList.add("hover");
  };
  const select = (id) => {
    for (const part of marked(selected)) part.classList.remove("on");
    selected = places.has(id) ? id : null;
    for (const part of marked(selected)) part.classList.add("on");
    picked.hidden = selected === null;
    if (selected === null) return;
    const row = rows[places.get(selected)];
    const heads = all("th[data-figure]", row.closest("table"));
    const figures = heads.flatMap((head) => {
      const text = row.cells[head.dataset.figure].textContent;
      return text === "" ? [] : [`${head.textContent} ${text}`];
    });
    const name = row.querySelector("bdi").textContent;
    picked.querySelector("output").textContent = [`${name}:`, figures.join(", ")].join(" ");
    const link = picked.querySelector("a");
    link.hidden = document.getElementById(selected) === null;
    link.setAttribute("href", `#${selected}`);
  };
  const step = (by) => {
    const place = places.get(selected);
    const next = rows[place === undefined ? 0 : place + by];
    if (next !== undefined) select(next.dataset.l);
  };
  document.addEventListener("click", ({ target }) => {
    const part = target.closest(".bars tr[data-l]");
    if (part !== null && target.closest("a") === null) select(part.dataset.l);
  });
  document.addEventListener(
    "mouseover",
    ({ target }) => hover(target.closest("tr[data-l]")?.dataset.l ?? null),
  );
  picked.addEventListener("click", ({ target }) => {
    const by = Number(target.dataset.step ?? NaN);
    if (by === 0) select(null);
    else if (by) step(by);
  });
  addEventListener("keydown", ({ key }) => key === "Escape" && select(null));
  /** Opens what a link leads to, and selects it if it is a layer. */
  const visit = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = document.getElementById(id);
    for (let part = target; part != null; part = part.parentElement) {
      if (part.tagName === "DETAILS") part.open = true;
    }
    target?.scrollIntoView();
    select(id);
  };
  addEventListener("hashchange", visit);
  for (const chart of all(".plot")) {
    chart.addEventListener("keydown", (event) => {
      const points = all("tr[data-l]", chart);
      const here = selected === null ? -1 : points.findLastIndex((row) => shows(row, selected));
      const last = points.length - 1;
      const down = Math.min(last, here + 1);
      const up = Math.max(0, here - 1);
      const to =
        { ArrowDown: down, ArrowRight: down, ArrowUp: up, ArrowLeft: up, Home: 0, End: last }[
          event.key
        ];
      if (to !== undefined && last >= 0) select(points[to].dataset.l);
      else if (event.key === "Enter" && document.getElementById(selected)) location.hash = selected;
      else return;
      event.preventDefault();
    });
  }

  // The figure of the tensor under the pointer is read out below a heat map of blocks.
  for (const figure of all(".blocks")) {
    const svg = figure.querySelector("svg");
    const read = figure.querySelector(".read");
    const table = document.getElementById(figure.dataset.table);
    const names = table.tHead.rows[0].cells;
    read.hidden = false;
    svg.addEventListener("pointermove", ({ clientX, clientY }) => {
      const { left, top, width } = svg.getBoundingClientRect();
      const unit = svg.viewBox.baseVal.width / width;
      const { from, to } = figure.dataset;
      const share = ((clientX - left) * unit - from) / (to - from);
      const row = table.tBodies[0].rows[
        Math.floor(((clientY - top) * unit - svg.dataset.top) / svg.dataset.row)
      ];
      const column = 1 + Math.floor(share * (names.length - 1));
      read.textContent = row === undefined || share < 0 || share >= 1
        ? ""
        : `block ${row.cells[0].textContent.trim()}, ${names[column].textContent.trim()}: ${
          row.cells[column].textContent.trim() || "none"
        }`;
    });
    svg.addEventListener("pointerleave", () => read.textContent = "");
  }

  for (const tools of all(".tools")) {
    tools.hidden = false;
    const table = document.getElementById(tools.dataset.for);
    const bodies = all("tbody", table);
    const [input, choice, count] = ["input", "select", "output"].map((tag) =>
      tools.querySelector(tag)
    );
    const open = new Set();
    const show = () => {
      const wanted = input.value.trim().toLowerCase();
      const isWanted = (row) =>
        row.textContent.toLowerCase().includes(wanted) &&
        (choice.value === "all" || row.dataset.mark === "error" ||
          choice.value === "warning" && row.dataset.mark === "warning");
      const filters = wanted !== "" || choice.value !== "all";
      let shown = 0;
      for (const body of bodies) {
        for (const row of body.rows) {
          const isHead = row.classList.contains("fold-head");
          const isInner = row.classList.contains("inner");
          // The worst layer of a fold represents the others until they are shown.
          const isWorst = row.classList.contains("worst") && body.rows.length > 2;
          row.hidden = filters
            ? isHead || isWorst || !isWanted(row)
            : isInner && !open.has(body) || isWorst && open.has(body);
          if (filters && !row.hidden) shown++;
        }
      }
      count.textContent = filters ? `${shown} of ${tools.dataset.count} layers` : "";
    };
    for (const body of bodies) {
      const fold = body.querySelector(".fold");
      if (fold === null) continue;
      fold.hidden = false;
      fold.addEventListener("click", () => {
        if (!open.delete(body)) open.add(body);
        fold.setAttribute("aria-expanded", String(open.has(body)));
        fold.textContent = open.has(body) ? "−" : "+";
        show();
      });
    }
    input.addEventListener("input", show);
    choice.addEventListener("change", show);
    show();

    for (const head of all("th[data-sort]", table)) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const column = Number(head.dataset.sort);
        const before = head.getAttribute("aria-sort");
        const isWord = column < 2;
        const order = isWord ? ["ascending", "descending"] : ["descending", "ascending"];
        const cycle = [null, ...order];
        const now = cycle[(cycle.indexOf(before) + 1) % cycle.length];
        for (const other of all("th[aria-sort]", table)) other.removeAttribute("aria-sort");
        if (now !== null) head.setAttribute("aria-sort", now);
        const sign = now === "ascending" ? 1 : -1;
        const text = (body) => body.querySelector("tr[data-l]").cells[column].textContent;
        const compare = (a, b) => {
          if (isWord) return sign * text(a).localeCompare(text(b), "en", { numeric: true });
          const [x, y] = [a, b].map((body) => number(text(body)));
          // Rows without a figure are last in both directions.
          return Number.isNaN(x) || Number.isNaN(y)
            ? Number(Number.isNaN(x)) - Number(Number.isNaN(y))
            : sign * (x - y);
        };
        const sorted = now === null ? bodies : bodies.toSorted(compare);
        table.append(...sorted);
      });
    }
  }

  for (const button of all("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => button.textContent = "Copy", 2000);
    });
  }
  visit();
}
