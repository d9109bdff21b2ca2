import { atMost } from "./expected.ts";
import type { Case, Verdict } from "./judge.ts";
import { figure, layerName, NOTHING, say } from "./say.ts";

/**
 * Notes that the examples have become alike inside the network, at the layer where they are most
 * alike. This explains a vanishing gradient but predicts little: half of such networks train.
 */
export function alikeNote(
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
    ...alikeness === undefined ? {} : {
      rank: figure(alikeness.effectiveRank, "effective rank"),
    },
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
    advice:
      "If the network does not train, keep examples apart: by a normalisation, residual connections, smaller " +
      "biases or fewer layers.",
  }];
}
