import type { LayerMeasurements } from "../../measure/measurements.ts";
import { freezingStd } from "../../../ground/theory/attention_spread.ts";
import { defineRule } from "../define_rule.ts";
import {
  atLeast,
  figure,
  layerName,
  layerNames,
  moreThan,
  NOTHING,
  number,
  say,
  shareFigure,
} from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import type { Case, Rule } from "../rule.ts";
import { askingShare, type Attention } from "../network/attentions.ts";

/** The rule `attention`: queries choose among keys, and tokens stay apart. */
export const attention: Rule = defineRule({
  name: "attention",
  assertion: "assertAttention",
  matcher: "toHaveSoundAttention",
  passes: "has sound attention",
  tags: ["signal"],
  order: 95,
  level: "warn",
  assertionFailsOnWarnings: true,
  thresholds: {
    attentionEntropy: {
      default: 0.2,
      unit: "mean entropy of the rows of an attention / ln(number of keys)",
      range: [0, 1],
      source:
        "own; even seeds of bench/trainability, attention: below it in some layer 2 are slow, 1 " +
        "trains, none fails; from it to 0.4 both of 2 train, above 50 of 51",
      about: "Least entropy of the rows of an attention, 1 being uniform.",
    },
    scoreStd: {
      default: 1e-3,
      unit: "standard deviation of the scores of an attention",
      range: [0, Infinity],
      source:
        "own; even seeds of bench/trainability, attention: below it in some layer all of 29 " +
        "train, so that it explains and does not predict",
      about:
        "Least standard deviation of the scores of an attention, which its softmax is taken of.",
    },
    tokensApart: {
      default: 1e-6,
      unit: "1 - mean cosine between the places of a sequence",
      range: [0, 1],
      source:
        "own; even seeds of bench/trainability, attention: below it 17 of 18 train, and with SGD 8; " +
        "above it, where 0.003 is the least, 36 of 38 train, and 32 with SGD",
      about:
        "Least distance between the places of a sequence where they leave a network with attention.",
    },
  },
  problem: "attention that has collapsed",
  summary: "No attention looks at one key alone before it has learned to, and the places of a " +
    "sequence stay apart on their way through the network.",
  formula:
    "mean over rows of -sum a ln a / ln(n) >= attentionEntropy, over the n keys that are not masked; " +
    "std of the scores >= scoreStd; and 1 - mean cosine between the places of a sequence > tokensApart in " +
    "the last layer that has them. Up to 1024 rows are looked at, and up to 16 places of 4 examples. " +
    "Judged where the rows of an attention were seen: in MultiHeadAttention and the other attentions of Keras, and " +
    "in a softmax over a Dot.",
  source:
    "Zhai et al. 2023 for the entropy; Dong et al. 2021 for tokens that collapse without skips; Noci et " +
    "al. 2022 for the gradient of queries and keys that vanishes with either. Severities from " +
    "`deno task bench:trainability --focus attention`: none is an error, because networks with each of these train. " +
    "A gradient of queries and keys below 1/1000 of that of the values is not a finding: 27 of 28 networks " +
    "that have one train.",
  misleads:
    "A transformer that was just made attends to all keys nearly alike, by design: that is not a finding, and a scale " +
    "of the scores near 0 only a note, because Adam makes up for it. Alike tokens " +
    "hurt a network that takes their mean at the end less than one that answers for each. Trained networks " +
    "only get notes: heads that have learned where to look are sharp. An attention within a layer of your own is not " +
    "seen.",
  fix:
    "Draw the kernels of queries and keys so that scores have a standard deviation near 1; put a " +
    "residual connection around each attention.",
  falsePositives: falsePositives({
    draws: 200,
    of:
      "transformers of bench/trainability with MultiHeadAttention, 1 to 6 blocks, normalised before or after " +
      "each sum, under other seeds",
  }),
  asserts:
    "that the rows of each attention keep 0.2 (`attentionEntropy`) of the entropy of uniform ones, and that the " +
    "places of a sequence do not all have the same direction at the end (`tokensApart`). `report` and " +
    "the gate only warn of it.",
  fails: "attention looks at one key alone, or all tokens become alike",
  throws: "If the rows of an attention, or the tokens, have collapsed.",
  example: {
    title: "A transformer block that passes, and one whose queries and keys are too large",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { kerasLayers } from "@gradient-health/gradient-health/layers";
      import { randomBatch, rescaleWeights } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertAttention } from "@gradient-health/gradient-health/assert";
      import { assertThrows } from "@std/assert";

      await using engine = await startEngine();
      const { tf } = engine;
      const { MultiHeadAttention } = kerasLayers(tf);
      const x = tf.input({ shape: [8, 16] });
      const attended = new MultiHeadAttention({ name: "attention", numHeads: 2, keyDim: 8 });
      const sum = tf.layers.add().apply([x, attended.apply([x, x]) as typeof x]);
      const outputs = tf.layers.dense({ units: 3 }).apply(sum) as typeof x;
      const model = tf.model({ inputs: x, outputs });
      assertAttention(await measure(model, randomBatch(model)));

      rescaleWeights(model, 30, { layers: ["attention/query", "attention/key"] });
      const measurements = await measure(model, randomBatch(model));
      assertThrows(() => assertAttention(measurements));
      model.dispose();
    `,
  },
  figure: {
    title: "entropy of attention rows",
    scale: "linear",
    of: ({ attention }) => attention?.entropy ?? null,
  },
  judge: (subject) => [
    ...oneHotRows(subject),
    ...uniformRows(subject),
    ...collapsedTokens(subject),
  ],
});

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
function oneHotRows(subject: Case<"attentionEntropy">): Verdict[] {
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
        fix: trained
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
function uniformRows(subject: Case<"scoreStd">): Verdict[] {
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
    fix:
      "If the network does not train with Adam either, make attention depend on its input: larger kernels of " +
      "queries and keys, or tokens that differ.",
  }];
}

type Compared = LayerMeasurements & Required<Pick<LayerMeasurements, "tokenAlikeness">>;

const apart = ({ tokenAlikeness: { cosine } }: Compared) => 1 - cosine;

/** Finds tokens that point in the same direction at the end of the network but not at its start. */
function collapsedTokens(subject: Case<"tokensApart">): Verdict[] {
  const { network, layers, thresholds: { tokensApart }, trained } = subject;
  if (network.attentions.length === 0) return [];
  const stream = network.layers.filter((layer): layer is Compared =>
    layer.tokenAlikeness !== undefined
  );
  const from = stream.findLastIndex((layer) => apart(layer) > tokensApart) + 1;
  // Tokens that are alike from the start are not the network's fault. If all differ at the end, no
  // such layer exists.
  if (from === 0 || !layers.includes(stream[from])) return [];
  const first = stream[0];
  const layer = stream[from];
  const last = stream.at(-1)!;
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
    fix: skips
      ? "Let the residual connections go around each attention, from before its normalisation to after it."
      : "Put a residual connection around each attention and each block of dense layers.",
  }];
}
