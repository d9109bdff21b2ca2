import type { LayerMeasurements } from "../../measure/measurements.ts";
import { isEinsumLayout, type LayerKind } from "../../../ground/traits/layers.ts";
import { layerTraits } from "../../../ground/traits/layer_traits.ts";
import { chainNotes, softmaxInside } from "./architecture_notes.ts";
import { defineRule } from "../define_rule.ts";
import {
  atMost,
  counted,
  figure,
  layerName,
  layerNames,
  NOTHING,
  say,
  type Sentence,
} from "../say.ts";
import type { Verdict } from "../finding.ts";
import type { Case, Rule } from "../rule.ts";
import type { KernelLayer } from "../network/kernel_chain.ts";
import type { NetworkView } from "../network/network_view.ts";

const MIN_ADDITIONS = 3;

/** The rule `architecture`: the layers add up to the depth that their number suggests. */
export const architecture: Rule = defineRule({
  name: "architecture",
  assertion: "assertArchitecture",
  matcher: "toHaveSoundArchitecture",
  passes: "has a sound architecture",
  tags: ["weights"],
  order: 160,
  causeOrder: 35,
  level: "warn",
  assertionFailsOnWarnings: ["hidden-softmax", "no-activation", "residual-growth"],
  thresholds: {
    residualGrowth: {
      default: 10,
      unit: "rms(a) of the last addition / of the first",
      range: [1, Infinity],
      source:
        "own; even seeds of bench/trainability: above it, 2 networks fail, 1 is slow, 1 trains, " +
        "and between 2 and 7 all of 8 train",
      about:
        "Largest factor by which the stream of a residual network without normalisation grows.",
    },
    slopeDrift: {
      default: 10,
      unit: "factor by which a deviation of the variance grows",
      range: [1, Infinity],
      source: "own",
      about: "Largest factor by which the layers together enlarge a deviation of the variance.",
    },
    widthLoss: {
      default: 1000,
      unit: "factor that the squared signal loses in one draw of 40",
      range: [1, Infinity],
      source: "after Hanin 2018; the same factor as vanishing-gradients",
      about: "Largest loss of the squared signal to chance, at two standard deviations.",
    },
    alikeCosine: {
      default: 0.9999,
      unit: "mean cosine between examples",
      range: [0, 1],
      source:
        "even seeds of bench/trainability: above it, 18 networks fail, 9 are slow, 29 train, so that it " +
        "explains and does not predict; from 0.9975 to it 2 are slow, 24 train",
      about: "Largest mean cosine between the examples in a hidden layer.",
    },
  },
  problem: "an architecture that defeats itself",
  summary:
    "There is an activation between two kernels, and no softmax, the stream of a residual network " +
    "stays in scale, and layers are wide enough for their number.",
  formula: "no two hidden kernels with nothing but linear layers between them (batch " +
    "normalisation, mean pools, dropout, flattening), unless the layer between is narrower than " +
    "both sides; no softmax behind a hidden kernel, unless it weights other values; rms(a) of the " +
    "last addition / rms(a) of the first <= residualGrowth, in networks of 3 additions and more " +
    "without normalisation; in a chain of dense layers " +
    "exp(v / 2 + 2 sqrt(v)) <= widthLoss, v = (E[phi^4] / E[phi^2]^2 - 1) sum of 1 / width; and the " +
    "product of d ln E[phi(z)^2] / d ln Var(z) over the layers <= slopeDrift; and the mean cosine " +
    "between examples <= alikeCosine: (B (1 - spread) - 1) / (B - 1) over B examples.",
  source: "A product of matrices is a matrix. Zhang et al. 2019 and De & Smith 2020 for residual " +
    "growth; Hanin & Nica 2018 and Hanin 2018 for widths. Of the 13 networks with even seeds in " +
    "bench/trainability that lost their activations 10 train, 1 is slow and 2 fail: hence a warning. " +
    "Both chains beyond widthLoss fail, and have errors of other rules; none is beyond slopeDrift: " +
    "hence notes.",
  misleads:
    "A linear network trains well where the task is linear, and a linear autoencoder finds " +
    "the principal components. A layer that is narrower than both sides is only noted, since a " +
    "bottleneck may be meant, and the last layer before a head is left alone. A depthwise kernel " +
    "before a pointwise one is one convolution in two parts. Layer normalisation divides each " +
    "example by its own deviation and counts as an activation; so does whatever is unknown. " +
    "Trained networks only get notes.",
  fix:
    "Put an activation between two kernels, or leave one of them out; keep softmax for outputs; " +
    "normalise the branches of a residual network, or draw their ends smaller; widen the narrowest layers.",
  asserts:
    "that there is an activation between every two kernels, that no hidden layer ends in a softmax, " +
    "unless it weights other values, and that the stream of a residual " +
    "network without normalisation grows by a factor of 10 at most (`residualGrowth`). " +
    "`report` and the gate only warn of it. On narrow and on deep networks there are notes.",
  fails:
    "layers in a row collapse into one, a hidden layer ends in a softmax, or a residual network " +
    "grows with each block",
  throws:
    "If layers in a row have no activation between them, a hidden layer ends in a softmax, or " +
    "residual additions grow.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertArchitecture } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertArchitecture(await measure(model, randomBatch(model)));
      model.dispose();
    `,
  },
  // The problems are between layers, so no layer has a bar.
  figure: { title: "architecture", scale: "linear", of: () => null },
  judge: (subject) => [
    ...withoutActivation(subject),
    ...softmaxInside(subject),
    ...residualGrowth(subject),
    ...chainNotes(subject),
    ...alikeNote(subject),
  ],
});

function withoutActivation({ layers, measurements, network, trained }: Case): Verdict[] {
  const linear = linearRows(network);
  const { rows, narrow } = linear;
  const isJudged = (name: string) => layers.some((layer) => layer.name === name);
  const named = (names: string[]) => layerNames(names, measurements.layers);
  const have = ({ length }: string[]) => length === 1 ? say`has` : say`have`;
  const expected = "an activation between two kernels";
  const found: Verdict[] = [];
  const idle = rows.flat().filter(isJudged);
  if (idle.length > 0) {
    const collapse = collapseWords(linear, idle.length);
    found.push({
      severity: trained ? "note" : "warning",
      kind: "no-activation",
      layer: idle[0],
      layers: idle,
      measured: idle.length,
      expected,
      message: say`${named(idle)} ${have(idle)} no activation, ${collapse}.`,
      fix: say`Give ${named(idle)} an activation, relu for instance, or leave ${
        idle.length === 1 ? say`it` : say`them`
      } out.`,
    });
  }
  const kept = narrow.filter(isJudged);
  if (kept.length > 0) {
    found.push({
      severity: "note",
      kind: "linear-bottleneck",
      layer: kept[0],
      layers: kept,
      measured: kept.length,
      expected,
      message: say`${named(kept)} ${
        have(kept)
      } no activation, and fewer units than the layers on either side: a linear bottleneck.`,
      fix: "Add an activation, unless the bottleneck is meant.",
    });
  }
  return found;
}

/** Returns the consequence of linear rows, for the number of their layers that are judged. */
function collapseWords({ whole, bare }: LinearRows, count: number): Sentence {
  if (whole) return say`so that the whole network computes no more than one linear layer`;
  if (bare) {
    return say`nor has any other hidden layer: pools and normalisations are all that is not linear`;
  }
  return count === 1
    ? say`so that it and the next kernel together compute no more than one linear layer`
    : say`so that each of them computes no more than a part of the next kernel could`;
}

function residualGrowth(
  { measurements, network, thresholds, trained }: Case<"residualGrowth">,
): Verdict[] {
  const { layers } = network;
  // An unknown layer may normalise.
  if (layers.some(({ kind }) => kind === "normalization" || kind === "opaque")) return [];
  const additions = layers.filter(({ kind, activations }) =>
    kind === "addition" && activations !== null
  );
  if (additions.length < MIN_ADDITIONS) return [];
  const growth = additions.at(-1)!.activations!.rms / additions[0].activations!.rms;
  const { residualGrowth: most } = thresholds;
  if (!(growth > most) || !Number.isFinite(growth)) return [];
  const names = additions.map(({ name }) => name);
  const expected = atMost(most);
  const figures = { growth: figure(growth, "rms(a) of the last addition / of the first") };
  return [{
    severity: trained ? "note" : "warning",
    kind: "residual-growth",
    layer: names.at(-1)!,
    layers: names,
    measured: growth,
    expected,
    threshold: "residualGrowth",
    figures,
    message: say`Over ${counted(names.length, "residual addition")} (${
      layerNames(names, measurements.layers)
    }) the signal grows by a factor of ${figures.growth}, and nothing normalises it; expected
      ${expected} (residualGrowth).`,
    fix: "Add a normalisation to each branch, or draw the last kernel of each of L branches " +
      "1 / sqrt(L) times as large.",
  }];
}

/**
 * Notes that the examples have become alike inside the network, at the layer where they are most
 * alike. This explains a vanishing gradient but predicts little: half of such networks train.
 */
function alikeNote(
  { layers, measurements: { batch }, thresholds: { alikeCosine }, trained }: Case<"alikeCosine">,
): Verdict[] {
  const { examples, perInput } = batch;
  if (trained || examples < 2) return [];
  const cosineOf = (spread: number) => (examples * (1 - spread) - 1) / (examples - 1);
  // Examples that are alike at the input are reported by input-normalized.
  if (perInput.some(({ spread }) => spread != null && cosineOf(spread) > alikeCosine)) return [];
  const hidden = layers.filter(({ role, spread }) => role === "hidden" && spread != null);
  if (hidden.length === 0) return [];
  const layer = hidden.reduce((a, b) => b.spread! < a.spread! ? b : a);
  const cosine = cosineOf(layer.spread!);
  if (!(cosine > alikeCosine)) return [];
  const { alikeness } = layer;
  const figures = {
    // Near 1, three digits of the cosine are not enough.
    apart: figure(1 - cosine, "1 - mean cosine"),
    ...alikeness === undefined ? {} : { rank: figure(alikeness.effectiveRank, "effective rank") },
  };
  const rank = alikeness === undefined
    ? NOTHING
    : say`, and they differ in ${figures.rank!} directions of ${
      figure(alikeness.examples - 1, "directions")
    }`;
  return [{
    severity: "note",
    kind: "alike",
    layer: layer.name,
    measured: cosine,
    expected: atMost(alikeCosine),
    threshold: "alikeCosine",
    figures,
    message: say`The examples grow alike: in ${
      layerName(layer.name)
    } their mean cosine is 1 - ${figures.apart}${rank}; expected ${
      atMost(alikeCosine)
    } (alikeCosine).`,
    fix:
      "If the network does not train, keep examples apart: by a normalisation, residual connections, smaller " +
      "biases or fewer layers.",
  }];
}

/** Hidden kernels with no activation before the next kernel. */
interface LinearRows {
  /** Names of kernels made redundant by the next one, grouped by consecutive kernels. */
  rows: string[][];
  /** Names of kernels narrower than both neighbours, which may be intended. */
  narrow: string[];
  /**
   * True if no hidden layer has an activation. Kernels before another nonlinearity then count too.
   */
  bare: boolean;
  /**
   * True if there is no other nonlinearity either, so that the network is linear up to its head.
   */
  whole: boolean;
}

/** Kinds of layers whose outputs are linear in their inputs. */
const LINEAR: readonly LayerKind[] = ["passesOn", "selects", "resamples", "rescaling"];
/** Linear kinds of layers with several inputs. */
const JOINING: readonly LayerKind[] = ["addition", "concatenation"];
/** Nonlinear kinds of layers besides activations. */
const BENDING: readonly LayerKind[] = ["pool", "normalization"];

/** Finds consecutive linear layers: a product of matrices is a matrix. */
export function linearRows(network: Pick<NetworkView, "chain" | "graph" | "layers">): LinearRows {
  const { chain, layers } = network;
  const hidden = chain.filter(({ layer }) => layer.role === "hidden");
  const known = new Map(chain.map((kernel) => [kernel.layer.name, kernel]));
  const below = layers.filter(({ role }) => role === "hidden");
  const isStraight = (layer: LayerMeasurements) =>
    isAffine(layer) && (known.has(layer.name) || isLinear(layer) || JOINING.includes(layer.kind) ||
      layerTraits(layer.className).operation === "average");
  const whole = hidden.length > 0 && below.every(isStraight);
  const bare = whole || hidden.length > 1 &&
      below.every((layer) => isStraight(layer) || isAffine(layer) && BENDING.includes(layer.kind));
  const isSeparable = chain.some((kernel) => isDepthwise(kernel, network));
  const rows: string[][] = [];
  const narrow: string[] = [];
  // The group that ends before `last`. A bottleneck ends a group and starts none.
  let row: string[] | null = null;
  let last: KernelLayer | null = null;
  for (const kernel of hidden) {
    const { layer } = kernel;
    // A separable convolution has two parts by design.
    if (!isAffine(layer) || layer.calls !== 1 || isDepthwise(kernel, network)) continue;
    const next = nextKernel(layer, known, network);
    if (!bare && (next === null || next.layer.role === "output")) continue;
    // Its two parts may come in either order, as in the MLP of SegFormer.
    if (next !== null && isDepthwise(next, network)) continue;
    const goesOn: string[] | null = last === kernel ? row : null;
    last = next;
    if (isNarrow(kernel, next, { isSeparable })) {
      narrow.push(layer.name);
      row = null;
    } else if (goesOn !== null) {
      goesOn.push(layer.name);
      row = goesOn;
    } else {
      row = [layer.name];
      rows.push(row);
    }
  }
  return { rows, narrow, bare, whole };
}

/**
 * Returns true if each channel has its own outputs: by the layout of Keras, or because a
 * convolution of PyTorch, `[out, in / groups, ...window]`, reads one channel of many.
 */
function isDepthwise(
  { layer, kernel }: KernelLayer,
  { graph }: Pick<NetworkView, "graph">,
): boolean {
  const { kernelLayout } = layer;
  if (kernelLayout === "depthwise") return true;
  if (layer.kind !== "convolution" || !isEinsumLayout(kernelLayout)) return false;
  const channels = graph.inputsOf(layer).at(0)?.shape?.[1] ?? 1;
  return kernelLayout.startsWith("einsum oii") && kernel.shape[1] === 1 && channels > 1;
}

/**
 * Returns the kernel that is the only reader of a layer, through linear layers alone, or `null`.
 */
function nextKernel(
  layer: LayerMeasurements,
  known: ReadonlyMap<string, KernelLayer>,
  { graph }: Pick<NetworkView, "graph">,
): KernelLayer | null {
  let at = layer;
  for (const seen = new Set<string>(); !seen.has(at.name);) {
    seen.add(at.name);
    const readers = graph.outputsOf(at);
    if (readers.length !== 1) return null;
    const [next] = readers;
    if (graph.inputsOf(next).length !== 1 || (next.operands ?? 1) !== 1) return null;
    const kernel = known.get(next.name);
    if (kernel !== undefined) return next.calls === 1 ? kernel : null;
    if (!isAffine(next) || !isLinear(next)) return null;
    at = next;
  }
  return null;
}

function isAffine({ activation }: LayerMeasurements): boolean {
  return activation === null || activation === "linear";
}

function isLinear({ kind, className, activation, normalization }: LayerMeasurements): boolean {
  const { operation } = layerTraits(className);
  return LINEAR.includes(kind) || kind === "activation" && activation === "linear" ||
    // Batch normalisation only: others divide each example by its own deviation.
    kind === "normalization" && normalization !== undefined ||
    kind === "pool" && (operation === "mean" || operation === "globalMean");
}

/**
 * Returns true if a kernel is narrower than its input and than the next kernel, so that their
 * product has reduced rank. The first inverted residual of a MobileNet projects to as many channels
 * as it reads.
 */
function isNarrow(
  { layer, kernel, units, fans }: KernelLayer,
  next: KernelLayer | null,
  { isSeparable }: { isSeparable: boolean },
): boolean {
  const read = isEinsumLayout(layer.kernelLayout)
    ? fans.fanIn
    : kernel.shape.at(layer.kernelLayout === "transposed" ? -1 : -2)!;
  return (isSeparable ? units <= read : units < read) && units < (next?.units ?? 0);
}
