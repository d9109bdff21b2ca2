/** An elementwise activation in float64, for the theory. */
export interface ActivationFunction {
  /** phi(z). */
  value: (z: number) => number;
  /** phi'(z). */
  derivative: (z: number) => number;
  /**
   * Values of z at which phi or phi' is not smooth: the integration is split there. Across a kink,
   * Gaussian quadrature converges slowly (12 to 34 % off for phi' of relu-like functions).
   */
  kinks: readonly number[];
}
