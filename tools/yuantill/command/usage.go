package command

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
)

// usage says what is wrong with the command line.
func usage(text bilingual.Text) error { return &Failure{Code: CodeUsage, Text: text} }

// noArguments refuses arguments. Of a command that only groups others the argument is meant as one of those.
func noArguments(cmd *cobra.Command, arguments []string) error {
	switch {
	case len(arguments) == 0:
		return nil
	case cmd.HasAvailableSubCommands():
		return usage(catalogue.NoCommand(arguments[0]))
	default:
		return usage(catalogue.ArgumentsMost(cmd.CommandPath(), 0))
	}
}

// oneArgument wants exactly the argument that the command's line of use names.
func oneArgument(cmd *cobra.Command, arguments []string) error {
	if len(arguments) == 0 {
		_, name, _ := strings.Cut(cmd.Use, " ")
		return usage(catalogue.ArgumentMissing(cmd.CommandPath(), name))
	}
	return optionalArgument(cmd, arguments)
}

// optionalArgument takes one argument or none.
func optionalArgument(cmd *cobra.Command, arguments []string) error {
	if len(arguments) > 1 {
		return usage(catalogue.ArgumentsMost(cmd.CommandPath(), 1))
	}
	return nil
}

// flagMistake puts the flag library's errors into words for people.
func flagMistake(_ *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return usage(catalogue.NoFlag("-" + unknown.GetSpecifiedName()))
	case errors.As(err, &unknown):
		return usage(catalogue.NoFlag("--" + unknown.GetSpecifiedName()))
	case errors.As(err, &missing):
		return usage(catalogue.FlagValueMissing("--" + missing.GetFlag().Name))
	case errors.As(err, &invalid) && errors.Is(invalid, errNoKey):
		return usage(catalogue.FlagEmpty("--" + invalid.GetFlag().Name))
	case errors.As(err, &invalid):
		flag := invalid.GetFlag()
		return usage(catalogue.FlagValueWrong("--"+flag.Name, invalid.GetValue(), wanted(flag)))
	default:
		return &Failure{Code: CodeUsage, Cause: err}
	}
}

// wanted says what a flag takes.
func wanted(flag *pflag.Flag) bilingual.Text {
	switch kind := flag.Value.Type(); kind {
	case "int":
		return catalogue.WholeNumber()
	case "uint32":
		return catalogue.BatchNumber()
	case "duration":
		return catalogue.Duration()
	case "bool":
		return catalogue.YesNo()
	default:
		if strings.Contains(kind, "|") {
			return catalogue.OneOf(strings.Split(kind, "|"))
		}
		return catalogue.Anything()
	}
}

// notEmpty refuses flags that are given without a value: left out they would mean something else, such as all there is.
func notEmpty(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		if flag := cmd.Flags().Lookup(name); flag != nil && flag.Changed && flag.Value.String() == "" {
			return usage(catalogue.FlagEmpty("--" + name))
		}
	}
	return nil
}

// readAmount reads an amount that a flag has.
func readAmount(flag, text, code string) (money.Money, error) {
	currency, err := money.Lookup(code)
	if err != nil {
		return money.Money{}, usage(catalogue.Text{Chinese: "--currency", English: "--currency"}.With(catalogue.NoCurrency(code)))
	}
	amount, err := money.Parse(text, currency)
	switch {
	case errors.Is(err, money.ErrTooFine):
		return money.Money{}, usage(catalogue.TooManyDecimals(flag, text, code, currency.Scale))
	case errors.Is(err, money.ErrOverflow):
		return money.Money{}, usage(catalogue.AmountTooLarge(flag, text))
	case err != nil:
		return money.Money{}, usage(catalogue.NoAmount(flag, text))
	}
	return amount, nil
}
