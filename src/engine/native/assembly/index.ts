export { convolutionScratch } from "./convolution";
export { dismiss, runTogether, serve } from "./pool";
