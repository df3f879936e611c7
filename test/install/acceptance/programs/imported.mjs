import * as sdk from '@openfeature/server-sdk';
import * as main from 'flipt-native';
import * as node from 'flipt-native/node';
import * as openfeature from 'flipt-native/openfeature';
import * as testing from 'flipt-native/testing';
import * as types from 'flipt-native/types';
import { journey } from './journey.cjs';

const modules = { main, node, types, testing, openfeature, sdk };
console.log(JSON.stringify(await journey(modules, process.argv[2])));
