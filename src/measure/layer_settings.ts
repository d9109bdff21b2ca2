/** Settings of a layer that theory uses and that do not follow from shapes. */
export interface LayerSettings {
  /** Size of the window of a convolution or a pool along each axis. */
  window?: number[];
  /** Strides of that window. */
  strides?: number[];
  /** Distance between its taps; absent if that is 1. */
  dilation?: number[];
  /** Padding at the border. */
  padding?: "same" | "valid" | "causal";
  /** Number that a normalisation adds to the variance. */
  epsilon?: number;
  /** Number of entries over which a normalisation takes the norm. */
  normEntries?: number;
  /** Factor of a rescaling. */
  scale?: number;
  /** Number that a rescaling adds. */
  offset?: number;
}
