export { convolutionScratch } from "./convolution";
export { dismiss, runTogether, serve } from "./pool";
export { segmentScratch } from "./segments";
