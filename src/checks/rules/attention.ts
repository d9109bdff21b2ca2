import { collapsedTokens, oneHotRows, uniformRows } from "../attention_verdicts.ts";
import { defineRule } from "../define_rule.ts";
import { falsePositives } from "../false_positives.ts";
import type { Rule } from "../rule.ts";

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
      "each sum, under seeds of their own",
  }),
  asserts:
    "that the rows of each attention keep 0.2 (`attentionEntropy`) of the entropy of uniform ones, and that the " +
    "places of a sequence do not all have the same direction at the end (`tokensApart`). Fails where `report` and " +
    "the gate only warn.",
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
