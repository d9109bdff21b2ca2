import type { Sentence } from "../checks/sentence.ts";
import { sayPlain } from "../checks/sentence.ts";
import { cutMiddle } from "../render/cut_middle.ts";
import { cutNames } from "../render/cut_names.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { type Markup, markup } from "./markup.ts";

/** A longer name is cut, but for the one place that has it whole. */
const LONGEST = 32;

/**
 * How the layers of one run are named in a page. A name comes from an untrusted file: it is escaped, cut, and set apart
 * from the direction of the text around it.
 */
export class LayerNames {
  readonly #run: number;
  readonly #places: ReadonlyMap<string, number>;
  readonly #cut: readonly string[];
  readonly #linked: ReadonlySet<string>;

  /**
   * @param layers All layers, in the order of the forward pass.
   * @param run Which run of the page it is, from 1.
   * @param linked Names of the layers that have a place of their own in the page.
   */
  constructor(
    layers: readonly { name: string }[],
    run: number,
    linked: ReadonlySet<string> = new Set(),
  ) {
    this.#run = run;
    this.#places = new Map(layers.map(({ name }, place) => [name, place]));
    this.#cut = cutNames(layers.map(({ name }) => escapeControls(name)), LONGEST, "…");
    this.#linked = linked;
  }

  /** Where in the forward pass a layer comes, from 0. */
  place(name: string): number {
    return this.#places.get(name) ?? -1;
  }

  /** What the page knows the layer by. */
  id(name: string): string {
    return `r${this.#run}-${this.place(name) + 1}`;
  }

  /** The name as text, cut where it is long. */
  text(name: string, longest = LONGEST): string {
    const text = this.#cut[this.place(name)] ?? escapeControls(name);
    return longest < LONGEST ? cutMiddle(text, longest, { ellipsis: "…" }) : text;
  }

  /** The name. */
  plain(name: string): Markup {
    return markup`<bdi>${this.text(name)}</bdi>`;
  }

  /** Whether the layer has a place of its own in the page. */
  isLinked(name: string): boolean {
    return this.#linked.has(name);
  }

  /** The name, as a link where the layer has a place of its own. */
  link(name: string): Markup {
    return this.#linked.has(name)
      ? markup`<a href="#${this.id(name)}">${this.plain(name)}</a>`
      : this.plain(name);
  }

  /** A sentence, in which the layers are links. */
  say(sentence: Sentence): Markup {
    return markup`${
      sentence.map((part) => {
        if (typeof part === "string") return escapeControls(part);
        if ("layer" in part && this.place(part.layer) >= 0) {
          if (!("weight" in part)) return this.link(part.layer);
          if (part.weight.startsWith(part.layer)) {
            const rest = part.weight.slice(part.layer.length);
            return markup`${this.link(part.layer)}${escapeControls(rest)}`;
          }
        }
        return escapeControls(sayPlain([part], (name) => this.text(name)));
      })
    }`;
  }

  /** Blocks that share a row. */
  fold(words: string): Markup {
    return markup`<bdi>${cutMiddle(escapeControls(words), LONGEST, { ellipsis: "…" })}</bdi>`;
  }

  /** Several layers as links, so many at most. */
  list(names: readonly string[], most: number): Markup {
    const links = names.slice(0, most).map((name, i) =>
      markup`${i > 0 ? ", " : ""}${this.link(name)}`
    );
    return markup`${links}${names.length > most ? ` and ${names.length - most} more` : ""}`;
  }
}
