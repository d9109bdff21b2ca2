import type { LayerMeasurements } from "../measure/measurements.ts";
import { freezingStd } from "../theory/attention_spread.ts";
import { atLeast, moreThan } from "./expected.ts";
import type { Case, Verdict } from "./judge.ts";
import { askingShare, type Attention } from "./network/attentions.ts";
import { figure, layerName, layerNames, NOTHING, number, say, shareFigure } from "./say.ts";

/** Returns the attentions whose layer is selected by the options. */
function judged({ network: { attentions }, layers }: Case): Attention[] {
  return attentions.filter(({ layer }) => layers.includes(layer));
}

/** Returns the standard deviation of an attention's scores, or `null` if they contain a mask. */
function scoreStdOf({ layer: { preActivations } }: Attention): number | null {
  return preActivations === null || preActivations.nonFinite > 0 || preActivations.maxAbs > 1e8
    ? null
    : preActivations.std;
}

/**
 * Finds attentions that look at a single key per query before any training: the softmax has no
 * slope there.
 */
export function oneHotRows(subject: Case<"attentionEntropy">): Verdict[] {
  const { thresholds: { attentionEntropy }, trained } = subject;
  const expected = atLeast(attentionEntropy);
  return judged(subject)
    .filter(({ rows }) => rows.entropy < attentionEntropy)
    .map((one): Verdict => {
      const { layer, rows: { entropy, oneHot, keys } } = one;
      const std = scoreStdOf(one);
      const figures = {
        entropy: figure(entropy, "mean entropy / ln(keys)"),
        oneHot: shareFigure(oneHot, "rows"),
        ...std === null ? {} : { std: figure(std, "std(scores)") },
        freezing: figure(freezingStd(keys), "sqrt(2 ln(keys))"),
      };
      const scores = figures.std === undefined
        ? NOTHING
        : say` Its scores have a standard deviation of ${figures.std}, and above ${figures.freezing} one of ${
          number(Math.round(keys), "exact")
        } keys takes it all.`;
      return {
        severity: trained ? "note" : "warning",
        kind: "one-hot",
        layer: layer.name,
        measured: entropy,
        expected,
        threshold: "attentionEntropy",
        figures,
        message: say`Attention has collapsed in ${
          layerName(layer.name)
        }: its rows have ${figures.entropy} of the
          entropy of uniform ones, and ${figures.oneHot} of them look at one key alone; expected
          ${expected} (attentionEntropy).${scores}`,
        advice: trained
          ? "If the network predicts badly, look at what these heads read: heads that have learned are sharp."
          : "Draw the kernels of queries and keys smaller, so that scores have a standard deviation near 1, or " +
            "normalise what they are fed.",
      };
    });
}

/**
 * Finds attentions whose scores hardly vary: all keys get the same weight, and queries and keys
 * have almost no gradient.
 */
export function uniformRows(subject: Case<"scoreStd">): Verdict[] {
  const { thresholds: { scoreStd }, measurements, trained } = subject;
  const flat = judged(subject).map((one) => ({ one, std: scoreStdOf(one) ?? Infinity }))
    .filter(({ std }) => std < scoreStd);
  if (flat.length === 0 || trained) return [];
  const least = flat.reduce((a, b) => b.std < a.std ? b : a);
  const names = flat.map(({ one }) => one.layer.name);
  const share = askingShare(least.one);
  const expected = atLeast(scoreStd);
  const figures = {
    std: figure(least.std, "std(scores)"),
    ...share === null ? {} : { share: figure(share, "rms(dJ/dW) of queries and keys / of values") },
  };
  const gradient = figures.share === undefined
    ? NOTHING
    : say`, and the gradient of its queries and keys is ${figures.share} of that of its values`;
  return [{
    severity: "note",
    kind: "uniform",
    layer: least.one.layer.name,
    ...names.length > 1 ? { layers: names } : {},
    measured: least.std,
    expected,
    threshold: "scoreStd",
    figures,
    message: say`Attention is uniform in ${layerNames(names, measurements.layers)}: in ${
      layerName(least.one.layer.name)
    } the
      scores have a standard deviation of ${figures.std}${gradient}; expected ${expected} (scoreStd).`,
    advice:
      "If the network does not train with Adam either, give attention something to choose by: larger kernels of " +
      "queries and keys, or tokens that differ.",
  }];
}

type Compared = LayerMeasurements & Required<Pick<LayerMeasurements, "tokenAlikeness">>;

const apart = ({ tokenAlikeness: { cosine } }: Compared) => 1 - cosine;

/** Finds tokens that point in the same direction at the end of the network but not at its start. */
export function collapsedTokens(subject: Case<"tokensApart">): Verdict[] {
  const { network, layers, thresholds: { tokensApart }, trained } = subject;
  if (network.attentions.length === 0) return [];
  const stream = network.layers.filter((layer): layer is Compared =>
    layer.tokenAlikeness !== undefined
  );
  const from = stream.findLastIndex((layer) => apart(layer) > tokensApart) + 1;
  // Tokens that are alike from the start are not the network's fault. If all differ at the end, no
  // such layer exists.
  if (from === 0 || !layers.includes(stream[from])) return [];
  const [first, layer, last] = [stream[0], stream[from], stream.at(-1)!];
  const skips = network.layers.some(({ kind }) => kind === "addition");
  // The gradient of queries and keys vanishes as the tokens become alike.
  const share = askingShare(network.attentions.at(-1)!);
  const expected = moreThan(tokensApart);
  const figures = {
    first: figure(apart(first), "1 - mean cosine"),
    last: figure(apart(last), "1 - mean cosine"),
    ...share === null ? {} : { share: figure(share, "rms(dJ/dW) of queries and keys / of values") },
  };
  const gradient = figures.share === undefined
    ? NOTHING
    : say` The gradient of the last queries and keys is ${figures.share} of that of their values.`;
  return [{
    severity: trained ? "note" : "warning",
    kind: "tokens-alike",
    layer: layer.name,
    ...last === layer ? {} : { layers: [layer.name, last.name] },
    measured: apart(last),
    expected,
    threshold: "tokensApart",
    figures,
    message: say`The tokens collapse onto one direction: from ${
      layerName(layer.name)
    } on they hardly differ, 1 - mean
      cosine is ${figures.first} in ${layerName(first.name)} and ${figures.last} in ${
      layerName(last.name)
    }; expected ${expected} (tokensApart).${gradient}`,
    advice: skips
      ? "Let the residual connections go around each attention, from before its normalisation to after it."
      : "Put a residual connection around each attention and each block of dense layers.",
  }];
}
