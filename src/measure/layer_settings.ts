/** Settings of a layer that theory reckons with, where they do not follow from shapes. */
export interface LayerSettings {
  /** Of a convolution or a pool: the size of its window along each axis. */
  window?: number[];
  /** Likewise its steps. */
  strides?: number[];
  /** Likewise the distance of its taps; absent where that is 1. */
  dilation?: number[];
  /** Likewise what it reads beyond the border. */
  padding?: "same" | "valid" | "causal";
  /** Of a normalisation: what it adds to the variance. */
  epsilon?: number;
  /** Of a normalisation by the norm: how many entries it is taken of. */
  normEntries?: number;
  /** Of a rescaling: what it multiplies by. */
  scale?: number;
  /** Of a rescaling: what it adds. */
  offset?: number;
}
