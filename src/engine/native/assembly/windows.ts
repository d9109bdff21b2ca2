/** How the window of a convolution moves over an image, channels last. An image in 2d has depth 1. */
@unmanaged
export class Windows {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  outChannels: i32;
  windowHeight: i32;
  windowWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  top: i32;
  left: i32;
  depth: i32;
  outDepth: i32;
  windowDepth: i32;
  strideDepth: i32;
  dilationDepth: i32;
  front: i32;
}
