// Encodes receipt.txt with receiptline 4.0.4 and prints the command bytes. To make the fixtures anew:
//   npm install receiptline@4.0.4
//   node encode.cjs escpos > escpos.bin
//   node encode.cjs generic > generic.bin
'use strict';
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { transform } = require('receiptline');

const text = readFileSync(join(__dirname, 'receipt.txt'), 'utf8');
const printer = { cpl: 32, encoding: 'cp936', spacing: true, command: process.argv[2] };
process.stdout.write(Buffer.from(transform(text, printer), 'binary'));
