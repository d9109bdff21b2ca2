export { blocksOf, rowsOfBlock } from "./columns";
export { convolutionScratch } from "./convolution";
export { dismiss, runTogether, serve } from "./pool";
export { recurrentPanelBytes, recurrentScratch } from "./recurrent";
export { segmentScratch } from "./segments";
