/** model. @module */
export {};
