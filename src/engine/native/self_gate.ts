/** Gates of `x g(x)`, by their numbers in `assembly/self_gate.ts`: for gelu, gelu_new and swish. */
export const GATES = ["normal", "normalByTanh", "sigmoid"] as const;

/** Name of a gate. */
export type SelfGate = (typeof GATES)[number];
