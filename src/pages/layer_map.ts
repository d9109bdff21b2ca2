import type { Diagnosis } from "../core/diagnosis/diagnosis.ts";
import type { LayerMeasurements } from "../core/measure/measurements.ts";
import { cutMiddle, cutNames } from "../core/text/fit_text.ts";
import { foldName, type LayerFold } from "../core/text/fold_layers.ts";
import { type Finding, SEVERITIES } from "../core/rules/finding.ts";
import { sayPlain, type Sentence } from "../core/rules/say.ts";
import { formatCount } from "../ground/words/numbers.ts";
import { escapeControls } from "../ground/words/show_value.ts";
import { type Markup, markup, partsOf } from "./markup.ts";

/**
 * The network as a graph: a node for each layer or each fold of blocks, in the order of the forward
 * pass.
 */
export interface LayerMap {
  nodes: MapNode[];
  /** Edges from an earlier to a later node, each once, by the places of the nodes. */
  edges: { from: number; to: number }[];
}

/** A node of the graph. */
export interface MapNode {
  /** Name of its layer, or names of the first and the last one. */
  name: string;
  /** The same for a narrow column. */
  brief: string;
  /**
   * Name of its layer; of several, one with a cause, else one with a consequence, else the first.
   */
  layer: string;
  /** Names of all its layers, in the order of the forward pass. */
  members: string[];
  /** Class of its layer, or its number of layers. */
  about: string;
  /** Numbers, from 1, of the causes in it. */
  causes: number[];
  /** Severity of the gravest cause in it; `null` without a cause. */
  severity: Finding["severity"] | null;
  /** Numbers of the causes with consequences in it. */
  follows: number[];
}

/** A larger map is hard to read: neighbours then share a node. */
const MOST_NODES = 120;

/**
 * Maps a network, its causes and their consequences.
 *
 * @param most Number of nodes.
 */
export function layerMap(
  folds: readonly LayerFold[],
  { causes }: Pick<Diagnosis, "causes">,
  most = MOST_NODES,
): LayerMap {
  const groups = partsOf(folds, Math.ceil(folds.length / most));
  const ill = causes.map(({ layers }) => new Set(layers));
  const suffering = causes.map(({ consequences }) =>
    new Set(consequences.flatMap(({ layers }) => layers))
  );
  const members = groups.map((group) => group.flatMap(({ blocks }) => blocks.flat(2)));
  const all = members.flat().map(({ name }) => name);
  const nodes = members.map((layers, i): MapNode => {
    const numbers = (sets: readonly ReadonlySet<string>[]) =>
      sets.flatMap((set, cause) => layers.some(({ name }) => set.has(name)) ? [cause + 1] : []);
    const named = numbers(ill);
    return {
      name: nameOf(groups[i], layers),
      brief: briefName(layers.map(({ name }) => name), all),
      about: aboutOf(layers),
      members: layers.map(({ name }) => name),
      causes: named,
      severity: SEVERITIES.find((severity) =>
        named.some((number) =>
          causes[number - 1].severity === severity
        )
      ) ?? null,
      layer: (layers.find(({ name }) => ill.some((set) => set.has(name))) ??
        layers.find(({ name }) => suffering.some((set) => set.has(name))) ?? layers[0]).name,
      follows: numbers(suffering).filter((cause) => !named.includes(cause)),
    };
  });
  return { nodes, edges: edgesOf(members) };
}

function nameOf(group: readonly LayerFold[], layers: readonly LayerMeasurements[]): string {
  return group.length === 1 ? foldName(group[0]) : `${layers[0].name} ... ${layers.at(-1)!.name}`;
}

/** Returns the short name of a node, cut in the middle if it is long. */
export function shortNodeName({ brief }: Pick<MapNode, "brief">, longest: number): string {
  return cutMiddle(escapeControls(brief), longest, { ellipsis: "…" });
}

/**
 * Returns the common part of the names of a node's layers: `block_3`, or `dense_2 … 10`; the first and
 * the last name if there is none, or if layers of other nodes share it.
 */
function briefName(names: readonly string[], all: readonly string[]): string {
  const [first] = names;
  if (names.length === 1) return first;
  const last = names[names.length - 1];
  const [, start = "", from, to] = `${first} ${last}`.match(/^(.*?)(\d+) \1(\d+)$/) ?? [];
  if (Number(to) - Number(from) === names.length - 1) return `${start}${from} … ${to}`;
  const shared = (parts: (name: string) => string[]) => {
    const own = parts(first);
    const end = own.findIndex((part, i) => names.some((name) => parts(name)[i] !== part));
    return own.slice(0, end === -1 ? own.length : end).join("").replace(/[_/.:-]+$/, "");
  };
  const isOwn = (start: string) =>
    start.length > 1 && all.filter((name) => name.startsWith(start)).length === names.length;
  const whole = shared((name) => name.split(/([_/.:-])/));
  if (isOwn(whole)) return whole;
  const letters = shared((name) => [...name]);
  return isOwn(letters) ? `${letters}…` : `${first} … ${last}`;
}

function aboutOf(layers: readonly LayerMeasurements[]): string {
  const [{ className, activation }] = layers;
  if (layers.length > 1) return formatCount(layers.length, "layer");
  const isSaid = activation === null || activation === "linear" ||
    activation.toLowerCase() === className.toLowerCase();
  return isSaid ? className : `${className} ${activation}`;
}

function edgesOf(members: readonly (readonly LayerMeasurements[])[]): LayerMap["edges"] {
  const nodeOf = new Map(
    members.flatMap((layers, node) => layers.map(({ name }) => [name, node] as const)),
  );
  return members.flatMap((layers, to) => {
    const from = layers.flatMap(({ inputs = [] }) =>
      inputs.flatMap((name) => nodeOf.get(name) ?? [])
    );
    return [...new Set(from)].filter((node) => node < to).map((from) => ({ from, to }));
  });
}

/**
 * Gives each edge that skips nodes a lane beside the trunk, so that edges side by side do not
 * touch: the first lane that is free over its whole length.
 *
 * @param most Number of lanes; further edges share the last one.
 */
export function lanesOf(
  edges: LayerMap["edges"],
  most: number,
): (LayerMap["edges"][0] & { lane: number })[] {
  const ends: number[] = [];
  return edges.filter(({ from, to }) => to - from > 1)
    .toSorted((a, b) => a.from - b.from || a.to - b.to)
    .map((edge) => {
      const free = ends.findIndex((end) => end <= edge.from);
      const lane = Math.min(most - 1, free === -1 ? ends.length : free);
      ends[lane] = Math.max(ends[lane] ?? 0, edge.to);
      return { ...edge, lane };
    });
}

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

  /**
   * Returns the name as markup.
   *
   * @param write Writes the text. Default: as it is.
   */
  plain(name: string, write: (text: string) => Markup | string = (text) => text): Markup {
    return markup`<bdi>${write(this.text(name))}</bdi>`;
  }

  /** Returns true if the layer has its own section in the page. */
  isLinked(name: string): boolean {
    return this.#linked.has(name);
  }

  /** Returns the name, as a link if the layer has its own section. */
  link(name: string, write?: (text: string) => Markup | string): Markup {
    const plain = this.plain(name, write);
    return this.#linked.has(name) ? markup`<a href="#${this.id(name)}">${plain}</a>` : plain;
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

  /** Returns the name of layers that share a row. */
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
