export { blocksOf, rowsOfBlock } from "./column_sums";
export { convolutionScratch } from "./convolution";
export { dismiss, runTogether, serve } from "./pool";
export { recurrentPanelBytes, recurrentScratch } from "./recurrent";
export { segmentScratch } from "./segments";
