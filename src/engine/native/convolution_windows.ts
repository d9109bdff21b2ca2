/**
 * How the window of a convolution moves over [batch, depth, height, width, channels], in the order in
 * which the native module reads it. In 2d the depth is 1.
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
  depth: number;
  outDepth: number;
  windowDepth: number;
  strideDepth: number;
  dilationDepth: number;
  /** Planes of zeros in front of it. */
  front: number;
}
