/** assert. @module */
export {};
