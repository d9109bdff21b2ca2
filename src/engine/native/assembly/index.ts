export { convolutionScratch } from "./convolution";
export { dismiss, runTogether, serve } from "./pool";
export { recurrentScratch } from "./recurrent";
export { segmentScratch } from "./segments";
