#!/bin/sh
# What has nothing to do where a network plugin is played.
