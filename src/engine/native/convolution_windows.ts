/**
 * How the window of a convolution moves over [batch, height, width, channels], in the order in which
 * the native module reads it.
 */
export interface ConvolutionWindows {
  batch: number;
  height: number;
  width: number;
  channels: number;
  outHeight: number;
  outWidth: number;
  outChannels: number;
  windowHeight: number;
  windowWidth: number;
  strideHeight: number;
  strideWidth: number;
  dilationHeight: number;
  dilationWidth: number;
  /** Rows of zeros above the image. */
  top: number;
  /** Columns of zeros to its left. */
  left: number;
}
