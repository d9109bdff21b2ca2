import { activationTraits } from "../traits/activation_traits.ts";

/** Describes the outputs of a saturated layer: `at -1 or 1` for tanh. */
export function stuckAt(activation: string | null): string {
  const [low, high] = (activation === null ? null : activationTraits(activation))?.range ?? [];
  return Number.isFinite(low) && Number.isFinite(high)
    ? `at ${low} or ${high}`
    : "where the activation is flat";
}
