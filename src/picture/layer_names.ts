import type { Sentence } from "../checks/sentence.ts";
import { sayPlain } from "../checks/sentence.ts";
import { cutMiddle } from "../render/cut_middle.ts";
import { cutNames } from "../render/cut_names.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { type Markup, markup } from "./markup.ts";

/** Length at which names are cut, except in the one place that shows the whole name. */
const LONGEST = 32;

/**
 * Names of the layers of a run in a page. A name comes from an untrusted file: it is escaped,
 * shortened, and its text direction is isolated.
 */
export class LayerNames {
  readonly #run: number;
  readonly #places: ReadonlyMap<string, number>;
  readonly #cut: readonly string[];
  readonly #linked: ReadonlySet<string>;

  /**
   * @param layers All layers, in the order of the forward pass.
   * @param run Number of the run in the page, from 1.
   * @param linked Names of the layers with their own section in the page.
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

  /** Returns the place of a layer in the forward pass, from 0. */
  place(name: string): number {
    return this.#places.get(name) ?? -1;
  }

  /** Returns the id of a layer in the page. */
  id(name: string): string {
    return `r${this.#run}-${this.place(name) + 1}`;
  }

  /** Returns the name as text, shortened if it is long. */
  text(name: string, longest = LONGEST): string {
    const text = this.#cut[this.place(name)] ?? escapeControls(name);
    return longest < LONGEST ? cutMiddle(text, longest, { ellipsis: "…" }) : text;
  }

  /** Returns the name as markup. */
  plain(name: string): Markup {
    return markup`<bdi>${this.text(name)}</bdi>`;
  }

  /** Returns true if the layer has its own section in the page. */
  isLinked(name: string): boolean {
    return this.#linked.has(name);
  }

  /** Returns the name, as a link if the layer has its own section. */
  link(name: string): Markup {
    return this.#linked.has(name)
      ? markup`<a href="#${this.id(name)}">${this.plain(name)}</a>`
      : this.plain(name);
  }

  /** Returns a sentence in which the layers are links. */
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

  /** Returns the name of blocks that share a row. */
  fold(words: string): Markup {
    return markup`<bdi>${cutMiddle(escapeControls(words), LONGEST, { ellipsis: "…" })}</bdi>`;
  }

  /** Returns several layers as links, at most `most`. */
  list(names: readonly string[], most: number): Markup {
    const links = names.slice(0, most).map((name, i) =>
      markup`${i > 0 ? ", " : ""}${this.link(name)}`
    );
    return markup`${links}${names.length > most ? ` and ${names.length - most} more` : ""}`;
  }
}
