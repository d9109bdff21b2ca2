/**
 * Runs in the page of a study, which contains its source. Everything is already drawn: the slider chooses the
 * visible profile, and the pointer the figure of a table to read out.
 */
// deno-lint-ignore plain-code/short-functions -- Its text is the whole script of a page.
export function studyScript() {
  const all = (selector, root) => [...root.querySelectorAll(selector)];
  for (const part of all(".variant", document)) {
    const places = part.dataset.x.split(" ").map(Number);
    const slider = part.querySelector("input[type=range]");
    const said = part.querySelector(".said");
    const { rows } = part.querySelector("table.scales").tBodies[0];
    const profiles = Map.groupBy(all(".at", part), (_, i) => i % places.length);
    const cursors = all(".cursor", part).filter((cursor) => cursor.closest(".key") === null);
    const from = places[Number(slider.value)];
    let shown = [];
    /** Formats a row of the table of scales as a sentence. */
    const sentence = ({ cells }) => {
      const [scale, verdict, ratio, quartiles, theory] = [...cells].map(({ textContent }) =>
        textContent.trim()
      );
      return [
        `Scale ${scale}: ${verdict}`,
        ...ratio === "" ? [] : [`delta ratio ${ratio}`],
        ...quartiles === "" ? [] : [`quartiles ${quartiles}`],
        ...theory === "" ? [] : [`in theory ${theory}`],
      ].join(", ");
    };
    const show = () => {
      const place = Number(slider.value);
      for (const profile of shown) profile.classList.remove("on");
      shown = profiles.get(place) ?? [];
      for (const profile of shown) {
        profile.classList.add("on");
        // Draws it above the best one.
        profile.parentNode.append(profile);
      }
      for (const cursor of cursors) {
        cursor.setAttribute("transform", `translate(${places[place] - from} 0)`);
      }
      said.textContent = sentence(rows[place]);
      slider.setAttribute("aria-valuetext", said.textContent);
    };
    const go = (place) => {
      slider.value = String(place);
      show();
    };
    slider.addEventListener("input", show);
    part.querySelector("[data-go]").addEventListener(
      "click",
      ({ target }) => go(target.dataset.go),
    );
    for (const figure of all(".heat[data-table]", part)) {
      const svg = figure.querySelector("svg");
      const read = figure.querySelector(".read");
      const table = document.getElementById(figure.dataset.table);
      const names = table.tHead.rows[0].cells;
      /** Returns the column and the row under the pointer. */
      const over = ({ clientX, clientY }) => {
        const { left, top, width } = svg.getBoundingClientRect();
        const unit = svg.viewBox.baseVal.width / width;
        const x = (clientX - left) * unit;
        const off = places.map((place) => Math.abs(place - x));
        return {
          column: off.indexOf(Math.min(...off)),
          row: Math.floor(((clientY - top) * unit - svg.dataset.top) / svg.dataset.row),
        };
      };
      read.hidden = false;
      svg.addEventListener("pointermove", (event) => {
        const { column, row } = over(event);
        const { cells } = table.tBodies[0].rows[column];
        if (row < 0 || row + 1 >= cells.length) return;
        read.textContent = `${names[row + 1].textContent} at ${cells[0].textContent.trim()}: ${
          cells[row + 1].textContent.trim() || "none"
        }`;
      });
      svg.addEventListener("pointerleave", () => read.textContent = "");
      svg.addEventListener("click", (event) => go(over(event).column));
    }
    part.classList.add("live");
    for (const one of all(".when-live", part)) one.hidden = false;
    show();
  }
}
