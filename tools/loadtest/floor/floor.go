// Package floor is the least that a sale can cost on a machine: the same processes, the same libraries, the commits
// and round trips that the promise needs, and nothing else: no record, no cryptography of ours, no books, no state
// machine. The counter benchmark runs it beside the product, so that a figure says how much of it is the machine's.
package floor

import (
	"context"
	"crypto/tls"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.bug.st/serial"
)

const (
	upTopic   = "floor/up"
	downTopic = "floor/down"
	// answerSize and rowSize are about what the product's answers and rows measure.
	answerSize = 400
	rowSize    = 400
	walFill    = 8 << 20
	readyIn    = 10 * time.Second
)

// Ready is the one byte that the agent prints when it can sell.
const Ready = 'R'

// Config names what the three processes share.
type Config struct {
	Database string // this process's own SQLite file
	Operator string // host:port
	Broker   string // host:port
	Scanner  string // serial path
	Printer  string // serial path
	TLS      *tls.Config
}

// commits is a SQLite file that takes one small row a commit, with the write-ahead log grown beforehand.
type commits struct {
	database *sql.DB
	insert   *sql.Stmt
}

func openCommits(path string) (*commits, error) {
	database, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	database.SetMaxOpenConns(1)
	for _, statement := range []string{
		"CREATE TABLE row (id INTEGER PRIMARY KEY, bytes BLOB)",
		"PRAGMA wal_autocheckpoint=0",
		fmt.Sprintf("INSERT INTO row (bytes) VALUES (zeroblob(%d))", walFill),
		"DELETE FROM row",
		"PRAGMA wal_checkpoint(RESTART)",
	} {
		if _, err := database.Exec(statement); err != nil {
			return nil, fmt.Errorf("prepare database: %w", err)
		}
	}
	insert, err := database.Prepare("INSERT INTO row (bytes) VALUES (?)")
	if err != nil {
		return nil, fmt.Errorf("prepare insert: %w", err)
	}
	return &commits{database: database, insert: insert}, nil
}

func (c *commits) one() error {
	if _, err := c.insert.Exec(make([]byte, rowSize)); err != nil {
		return fmt.Errorf("commit row: %w", err)
	}
	return nil
}

// RunOperator answers every POST with a fixed body over HTTPS until ctx ends.
func RunOperator(ctx context.Context, config Config) error {
	answer := []byte(strings.Repeat("x", answerSize))
	listener, err := net.Listen("tcp", config.Operator)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	web := &http.Server{TLSConfig: config.TLS.Clone(), ReadHeaderTimeout: readyIn, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err == nil {
				_, _ = w.Write(answer) // a caller that left has its own error
			}
		})}
	stop := context.AfterFunc(ctx, func() { _ = web.Close() })
	defer stop()
	if err := web.ServeTLS(listener, "", ""); ctx.Err() == nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// RunCloud is a broker whose one subscriber commits, asks the operator, commits again and answers.
func RunCloud(ctx context.Context, config Config) error {
	rows, err := openCommits(config.Database)
	if err != nil {
		return err
	}
	defer rows.database.Close()
	connection, stop, err := startBroker(config)
	if err != nil {
		return err
	}
	defer stop()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config.TLS.Clone(), MaxIdleConnsPerHost: 8}}
	failed := make(chan error, 1)
	_, err = connection.Subscribe(strings.ReplaceAll(upTopic, "/", "."), func(m *nats.Msg) {
		if err := serveSale(rows, client, connection, config.Operator, m.Data); err != nil {
			select {
			case failed <- err:
			default: // the first error ends the run
			}
		}
	})
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

func serveSale(rows *commits, client *http.Client, connection *nats.Conn, operator string, request []byte) error {
	if err := rows.one(); err != nil {
		return err
	}
	response, err := client.Post("https://"+operator+"/", "application/octet-stream", strings.NewReader(string(request)))
	if err != nil {
		return fmt.Errorf("ask operator: %w", err)
	}
	answer, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if err := rows.one(); err != nil {
		return err
	}
	return connection.Publish(strings.ReplaceAll(downTopic, "/", "."), answer)
}

func startBroker(config Config) (*nats.Conn, func(), error) {
	host, portText, err := net.SplitHostPort(config.Broker)
	if err != nil {
		return nil, nil, fmt.Errorf("read broker address: %w", err)
	}
	port, err := net.LookupPort("tcp", portText)
	if err != nil {
		return nil, nil, fmt.Errorf("read broker port: %w", err)
	}
	options := &server.Options{ServerName: "floor", DontListen: true, JetStream: true, NoSigs: true, NoLog: true,
		StoreDir: config.Database + ".jetstream"}
	options.MQTT.Host, options.MQTT.Port, options.MQTT.TLSConfig = host, port, config.TLS.Clone()
	options.MQTT.TLSTimeout = readyIn.Seconds()
	broker, err := server.NewServer(options)
	if err != nil {
		return nil, nil, fmt.Errorf("make broker: %w", err)
	}
	broker.Start()
	stop := func() { broker.Shutdown(); broker.WaitForShutdown() }
	if !broker.ReadyForConnections(readyIn) {
		stop()
		return nil, nil, fmt.Errorf("start broker: not ready in %s", readyIn)
	}
	connection, err := nats.Connect("", nats.InProcessServer(broker))
	if err != nil {
		stop()
		return nil, nil, fmt.Errorf("connect: %w", err)
	}
	return connection, func() { connection.Close(); stop() }, nil
}

// RunAgent reads lines from the scanner, commits, publishes, commits the answer and writes it to the printer.
func RunAgent(ctx context.Context, config Config) error {
	rows, err := openCommits(config.Database)
	if err != nil {
		return err
	}
	defer rows.database.Close()
	mode := &serial.Mode{BaudRate: 115200}
	scanner, err := serial.Open(config.Scanner, mode)
	if err != nil {
		return fmt.Errorf("open scanner: %w", err)
	}
	defer scanner.Close()
	printer, err := os.OpenFile(config.Printer, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open printer: %w", err)
	}
	defer printer.Close()
	answers := make(chan []byte, 1)
	client, err := connect(config, answers)
	if err != nil {
		return err
	}
	defer client.Disconnect(0)
	stop := context.AfterFunc(ctx, func() { _ = scanner.Close() })
	defer stop()
	if _, err := printer.Write([]byte{Ready}); err != nil {
		return fmt.Errorf("say ready: %w", err)
	}
	return sell(ctx, rows, scanner, printer, client, answers)
}

func connect(config Config, answers chan<- []byte) (paho.Client, error) {
	options := paho.NewClientOptions().AddBroker("ssl://" + config.Broker).SetClientID("floor").
		SetTLSConfig(config.TLS.Clone()).SetAutoReconnect(false)
	client := paho.NewClient(options)
	if token := client.Connect(); !token.WaitTimeout(readyIn) || token.Error() != nil {
		return nil, fmt.Errorf("connect to broker: %w", token.Error())
	}
	token := client.Subscribe(downTopic, 0, func(_ paho.Client, m paho.Message) { answers <- m.Payload() })
	if !token.WaitTimeout(readyIn) || token.Error() != nil {
		return nil, fmt.Errorf("subscribe: %w", token.Error())
	}
	return client, nil
}

func sell(ctx context.Context, rows *commits, scanner io.Reader, printer io.Writer, client paho.Client, answers <-chan []byte) error {
	buffer := make([]byte, 0, 256)
	for ctx.Err() == nil {
		n, err := scanner.Read(buffer[len(buffer):cap(buffer)])
		if err != nil {
			return fmt.Errorf("read scanner: %w", err)
		}
		buffer = buffer[:len(buffer)+n]
		if buffer[len(buffer)-1] != '\r' {
			continue
		}
		if err := rows.one(); err != nil {
			return err
		}
		client.Publish(upTopic, 1, false, make([]byte, rowSize))
		buffer = buffer[:0]
		select {
		case <-answers:
		case <-ctx.Done():
			return nil
		}
		if err := rows.one(); err != nil {
			return err
		}
		if _, err := printer.Write([]byte("\x1b@paid\n\x1dVB\x00")); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	return nil
}
