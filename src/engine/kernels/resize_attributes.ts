/** Attributes of `ResizeNearestNeighbor`, of `ResizeBilinear`, and of their gradients. */
export interface ResizeAttributes {
  /** Whether the corners of the image stay where they are. */
  alignCorners: boolean;
  /** Whether a pixel is a square whose middle counts, rather than a point. */
  halfPixelCenters: boolean;
}
