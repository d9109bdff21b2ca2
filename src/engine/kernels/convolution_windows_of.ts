import type { backend_util } from "@tensorflow/tfjs";
import type { ConvolutionWindows } from "../native/convolution_windows.ts";

/** The windows of a 2d convolution for our native module, from TensorFlow.js's own reckoning. */
export function convolutionWindowsOf(info: backend_util.Conv2DInfo): ConvolutionWindows {
  return {
    batch: info.batchSize,
    height: info.inHeight,
    width: info.inWidth,
    channels: info.inChannels,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    outChannels: info.outChannels,
    windowHeight: info.filterHeight,
    windowWidth: info.filterWidth,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
    dilationHeight: info.dilationHeight,
    dilationWidth: info.dilationWidth,
    top: info.padInfo.top,
    left: info.padInfo.left,
  };
}
