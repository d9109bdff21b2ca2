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

  // A layer is selected in every chart, in the map and in the table at once.
  const rows = all("tr[data-l]");
  const places = new Map(rows.map((row, place) => [row.dataset.l, place]));
  const parts = Map.groupBy(all("[data-l]"), (part) => part.dataset.l);
  const charts = all(".plot").map((chart) => all("circle[data-l]", chart));
  const picked = document.getElementById("picked");
  let selected = null;
  const placeOf = (id) => Number(id.slice(id.lastIndexOf("-") + 1));
  const runOf = (id) => id.slice(0, id.lastIndexOf("-"));
  /** Returns the point of a layer; many layers may share one point. */
  const pointFor = (points, id) =>
    points.find(({ dataset: { l, from = l, to = l } }) =>
      runOf(l) === runOf(id) && placeOf(from) <= placeOf(id) && placeOf(id) <= placeOf(to)
    );
  const marked = (id) =>
    id === null ? [] : [
      ...(parts.get(id) ?? []),
      ...charts.flatMap((points) => pointFor(points, id) ?? []),
    ];
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
    const part = target.closest("circle[data-l], li[data-l]");
    if (part !== null && target.closest("a") === null) select(part.dataset.l);
  });
  picked.addEventListener("click", ({ target }) => {
    const by = Number(target.dataset.step ?? NaN);
    if (by === 0) select(null);
    else if (by) step(by);
  });
  addEventListener("keydown", ({ key }) => key === "Escape" && select(null));
  addEventListener("hashchange", () => select(decodeURIComponent(location.hash.slice(1))));
  for (const chart of all(".plot")) {
    chart.addEventListener("keydown", (event) => {
      const points = all("circle[data-l]", chart);
      // A layer without a point is between two points of the chart.
      const here = selected === null
        ? -1
        : points.findLastIndex(({ dataset: { l, from = l } }) =>
          placeOf(from) <= placeOf(selected)
        );
      const last = points.length - 1;
      const to = {
        ArrowRight: Math.min(last, here + 1),
        ArrowLeft: Math.max(0, here - 1),
        Home: 0,
        End: last,
      }[event.key];
      if (to !== undefined && last >= 0) select(points[to].dataset.l);
      else if (event.key === "Enter" && document.getElementById(selected)) location.hash = selected;
      else return;
      event.preventDefault();
    });
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
        const fold = body.querySelector(".fold");
        for (const row of body.rows) {
          // With a filter, the layers of a fold replace its row.
          const isHead = fold !== null && row === body.rows[0];
          row.hidden = filters
            ? isHead || !isWanted(row)
            : fold !== null && !isHead && !open.has(body);
          if (!isHead && (!filters || isWanted(row))) shown++;
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
        const text = (body) => body.rows[0].cells[column].textContent;
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
  select(decodeURIComponent(location.hash.slice(1)));
}
