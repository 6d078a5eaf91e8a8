// The versions differ in nothing that these tests call.
declare module 'express4' {
  export { default } from 'express';
}
