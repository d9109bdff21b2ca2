/** The gates of `x g(x)`, by their numbers in `assembly/self_gate.ts`: of gelu, gelu_new and swish. */
export const GATES = ["normal", "normalByTanh", "sigmoid"] as const;

/** One of them. */
export type SelfGate = (typeof GATES)[number];
