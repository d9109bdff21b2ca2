/** render. @module */
export {};
