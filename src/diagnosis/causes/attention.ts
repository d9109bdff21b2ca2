import type { Finding } from "../../checks/finding.ts";
import type { Attention } from "../../checks/network/attentions.ts";
import { formatLayers } from "../format_layers.ts";
import type { Cure } from "../cure.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { foundBy, isOf, layersOf } from "./shared.ts";

/**
 * Returns queries and keys that are too large for the softmax between them, and blocks that make
 * all tokens alike.
 */
export function attention(patient: Patient): Suspect[] {
  const found = foundBy("attention", patient);
  return [
    ...largeScores(found.filter(({ kind }) => kind === "one-hot"), patient),
    ...found.filter(({ kind }) => kind === "tokens-alike").map((finding) =>
      alikeTokens(finding, patient)
    ),
  ];
}

function largeScores(findings: Finding[], patient: Patient): Suspect[] {
  if (findings.length === 0) return [];
  const names = layersOf(findings, patient);
  const collapsed = patient.network.attentions.filter(({ layer }) => names.includes(layer.name));
  const weights = collapsed.flatMap(smaller);
  const layers = weights.map(({ layer }) => layer);
  const cures: Cure[] = weights.length === 0
    ? []
    : [{ kind: "rescale", initializer: null, weights }];
  return [{
    kind: "attention-scores",
    layers: layers.length === 0 ? names : layers,
    message:
      `The scores of ${
        formatLayers(names, patient.measurements.layers)
      } are so large that each query ` +
      "looks at one key alone, where a softmax has no slope.",
    states: findings,
    explains: isOf("exploding-gradients", "gradient-ratio", "gradient-balance", "gradients-flow"),
    cures: [...cures, {
      kind: "rebuild",
      what: "Normalise what queries and keys are made of, or draw their kernels smaller.",
    }],
  }];
}

/**
 * Returns kernels that give the scores a standard deviation of 1: each takes half of the factor.
 */
function smaller({ asking, layer: { preActivations } }: Attention) {
  const std = preActivations?.std ?? NaN;
  if (!(std > 1) || !Number.isFinite(std)) return [];
  return asking.map(({ layer, kernel }) => ({
    layer: layer.name,
    weight: kernel.name,
    factor: std ** (-1 / asking.length),
  }));
}

function alikeTokens(finding: Finding, patient: Patient): Suspect {
  const names = layersOf([finding], patient);
  return {
    kind: "alike-tokens",
    layers: names,
    message:
      `From ${
        names[0]
      } on all places of a sequence have one direction: attention takes means, and nothing ` +
      "adds back what they leave out.",
    states: [finding],
    explains: isOf("vanishing-gradients", "gradient-ratio", "gradient-balance", "architecture"),
    cures: [{
      kind: "rebuild",
      what: "Put a residual connection around each attention and each block of dense layers.",
    }],
  };
}
