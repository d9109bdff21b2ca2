import type { Measurements } from "../core/measure/measurements.ts";
import { cutMiddle } from "../core/text/fit_text.ts";
import { escapeControls } from "../ground/words/show_value.ts";

/** A piece of HTML or SVG that can be inserted into a page without escaping. */
export class Markup {
  /** Source text. */
  readonly source: string;

  /** @param source Markup of this program, never a name or a text from a model. */
  constructor(source: string) {
    this.source = source;
  }
}

/**
 * Value in a template: strings are escaped, markup is not, and the items of a list are
 * concatenated.
 */
type Content = string | number | Markup | null | readonly Content[];

/** Empty markup. */
export const NOTHING = new Markup("");

/**
 * Creates markup from a template. A line break and the indentation after it become one line break.
 * It is not called `html`, because a formatter would then change its white space.
 */
export function markup(texts: TemplateStringsArray, ...values: Content[]): Markup {
  return new Markup(texts.reduce((source, text, index) => {
    const written = text.replaceAll(/\n\s*/g, "\n");
    return source + written + (index < values.length ? sourceOf(values[index]) : "");
  }, ""));
}

/** Escapes a text for HTML and XML, also in an attribute. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Lets a name with separators break after them, where a line is too short for it. */
export function breakable(text: string): Markup {
  return new Markup(
    text.split(/(?<=[./])(?=[a-z])|(?<=[a-z][./])(?=\d)/i).map(escapeMarkup).join("<wbr>"),
  );
}

/** Shows a sentence of a rule: the names between its backticks as code. */
export function prose(text: string): Markup {
  const parts = escapeControls(text).split(/`([^`]+)`/);
  return markup`${
    parts.map((part, i) => i % 2 === 1 ? markup`<code>${breakable(part)}</code>` : breakable(part))
  }`;
}

/** Shows facts, each a label and its words. */
export function showFacts(facts: readonly (readonly string[])[]): Markup {
  return markup`<dl class="facts">${
    facts.map(([label, words]) => markup`<dt>${label}</dt><dd><bdi>${words}</bdi></dd>`)
  }</dl>`;
}

function sourceOf(value: Content): string {
  if (value === null) return "";
  if (value instanceof Markup) return value.source;
  if (typeof value === "object") return value.map(sourceOf).join("");
  return escapeMarkup(String(value));
}

/** Length at which a heading is cut. */
export const LONGEST_TITLE = 80;

/** Shortens the name of a model, from an untrusted file, for a heading. */
export function shortTitle(name: string): string {
  return cutMiddle(escapeControls(name), LONGEST_TITLE, { ellipsis: "…" });
}

/** Names that TensorFlow.js and Keras give a model. */
const AUTOMATIC_NAME = /^(?:sequential|functional|model)(?:_\d+)?$/i;

/** Returns the name of a model, or that of its file if nobody chose the name. */
export function modelTitle({ model: { name, source } }: Measurements): string {
  const file = source?.split(/[\\/]/).at(-1) ?? "";
  return shortTitle(AUTOMATIC_NAME.test(name) && file !== "" ? file : name);
}

/**
 * Style of drawings over scales or steps, in a page or an image: verdicts, marks and the cells of
 * heat maps.
 */
export const MARK_STYLE = `
.nil, .nan { fill: var(--paper); stroke: var(--paper); }
.nil-mark { stroke: var(--soft); stroke-width: 2.5; stroke-linecap: round; }
.nan-mark { stroke: var(--ink); stroke-width: 1; }
.verdicts .on-well, .verdicts .on-over, .verdicts .on-alert, .verdicts .on-warn { fill: var(--paper); font-weight: 600; }
.verdicts rect { stroke: none; }
.alert { fill: var(--error); }
.warn { fill: var(--warning); }
.alert-other { fill: var(--error); fill-opacity: .5; }
.warn-other { fill: var(--warning); fill-opacity: .5; }
.well { fill: var(--healthy); }
.else { fill: var(--line); }
.over { fill: var(--soft); }
.best-dot { stroke: var(--paper); stroke-width: 8; stroke-linecap: round; }
.tick, .lines, .frame { stroke: var(--line); fill: none; }
.tick { stroke: var(--soft); }
.band { fill: none; stroke: var(--healthy); stroke-width: 2; }
.top-scale { fill: var(--healthy); }
.theory, .theory-end { fill: none; stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 5 3; }
.theory-end { stroke-dasharray: 1.5 3; }
.phase-well { fill: none; stroke: var(--healthy); stroke-width: 2.5; }
.cells { shape-rendering: crispEdges; }
.cells path { fill: none; }
`;

/** Image: what screen readers say of it, its style, and its drawing. */
interface Sheet {
  title: string;
  about: string;
  width: number;
  height: number;
  style: string;
  body: Markup;
}

/** Renders an image on a sheet of paper. */
export function renderSheet({ title, about, width, height, style, body }: Sheet): string {
  const image =
    markup`<svg class="gradient-health" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="gh-title gh-desc">
    <title id="gh-title">${title}</title>
    <desc id="gh-desc">${about}</desc>
    <style>${new Markup(style)}</style>
    <rect class="sheet" x="0.5" y="0.5" width="${width - 1}" height="${
      height - 1
    }" rx="8"/>${body}</svg>
    `;
  return image.source;
}

/** Moves a drawing to a place in an image, in its own size. */
export function placed(drawing: Markup, x: number, y: number): Markup {
  const [width, height] = sizeOf(drawing);
  const plain = drawing.source.replace(/^<svg([^>]*?) width="[^"]*" height="[^"]*"/, "<svg$1");
  return new Markup(
    plain.replace(/^<svg/, `<svg x="${x}" y="${y}" width="${width}" height="${height}"`),
  );
}

/** Returns the size of a drawing, in its own units. */
export function sizeOf({ source }: Markup): [width: number, height: number] {
  const [, width, height] = source.match(/^<svg[^>]* viewBox="0 0 ([\d.]+) ([\d.]+)"/)!;
  return [Number(width), Number(height)];
}

/** Returns the height of a drawing, in its own units. */
export function heightOf(drawing: Markup): number {
  return sizeOf(drawing)[1];
}

/** Builds the data of a path from relative steps, which are shorter than absolute positions. */
export class PathData {
  /** Value of the attribute `d`. */
  text = "";
  /** Current position after rounding, since rounding errors would add up. */
  #at: readonly [x: number, y: number] = [0, 0];
  #isDown = false;
  /** Last command; pairs of numbers after `m` and `l` are lines. */
  #command = "";

  /** Draws a line from the last point to this one; after `lift()`, begins a line here. */
  line(x: number, y: number): void {
    const [across, down] = this.#stepTo(x, y);
    if (!this.#isDown) this.#write("m", across, down);
    else if (down === 0) this.#write("h", across);
    else if (across === 0) this.#write("v", down);
    else this.#write("l", across, down);
    this.#isDown = true;
  }

  /** Ends a line. */
  lift(): void {
    this.#isDown = false;
  }

  /** Draws a dot: a line of length 0 with a round end. */
  dot(x: number, y: number): void {
    this.dash(x, y, 0);
  }

  /** Draws a cross that reaches `half` units from its centre. */
  cross(x: number, y: number, half: number): void {
    for (const side of [-half, half]) {
      this.line(x - half, y - side);
      this.line(x + half, y + side);
      this.lift();
    }
  }

  /** Draws a line to the right. */
  dash(x: number, y: number, length: number): void {
    this.lift();
    this.line(x, y);
    this.#write("h", this.#stepTo(x + length, y)[0]);
    this.lift();
  }

  /** Moves to a position and returns the step to it. */
  #stepTo(x: number, y: number): [across: number, down: number] {
    const [fromX, fromY] = this.#at;
    const across = toTenth(x - fromX);
    const down = toTenth(y - fromY);
    this.#at = [fromX + across, fromY + down];
    return [across, down];
  }

  #write(command: string, ...numbers: number[]): void {
    const isSaid = command === this.#command && command !== "m" ||
      command === "l" && this.#command === "m";
    const texts = numbers.map((number) => String(number).replace(/^(-?)0\./, "$1."));
    this.text += (isSaid ? separated(texts[0]) : `${command}${texts[0]}`) +
      texts.slice(1).map(separated).join("");
    this.#command = command;
  }
}

/** Rounds a coordinate to a tenth of a unit. */
export const toTenth = (value: number): number => Math.round(value * 10) / 10;

/** A minus separates two numbers as well as a space. */
const separated = (text: string) => text.startsWith("-") ? text : ` ${text}`;

/** Formats a power of ten: `10⁻³`; 1 and 10 without an exponent. */
export function powerOfTen(exponent: number): string {
  if (exponent === 0 || exponent === 1) return String(10 ** exponent);
  const digits = [...String(exponent)].map((digit) =>
    digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]
  );
  return `10${digits.join("")}`;
}

/** Divides a list into parts of equal length; the last one may be shorter. */
export function partsOf<T>(items: readonly T[], length: number): T[][] {
  return Array.from(
    { length: Math.ceil(items.length / length) || 0 },
    (_, i) => items.slice(i * length, (i + 1) * length),
  );
}

/**
 * Selects evenly spaced things if there is not enough room for all, including the first, the last
 * and the given ones.
 *
 * @param most Number of things that there is room for, at least 2.
 * @param kept Places that are always selected.
 * @returns Places, ascending.
 */
export function evenly(count: number, most: number, kept: readonly number[] = []): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  const shown = Array.from({ length: most }, (_, i) => Math.round(i * (count - 1) / (most - 1)));
  for (const place of kept) {
    const off = shown.map((other, i) =>
      // The first and the last stay.
      i === 0 || i === most - 1 ? Infinity : Math.abs(other - place)
    );
    if (!shown.includes(place)) shown[off.indexOf(Math.min(...off))] = place;
  }
  return [...new Set(shown)].sort((a, b) => a - b);
}
