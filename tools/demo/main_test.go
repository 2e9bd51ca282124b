package main

import (
	"path/filepath"
	"testing"

	"github.com/yuantill/yuantill/tools/shop/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m, filepath.Join("..", ".."), "./tools/demo") }
